//! The stream that a letter names: looking whether it is there, and would take the original back.

use hashbrown::HashMap;
use tidings_subject::{check_stream_name, matches};

use super::error::DeadLetterError;
use super::stored_letter::DeadLetter;
use crate::stream::StreamConfig;
use crate::subject::{is_inbox, reserved};
use crate::transport::{Fault, Transport};

/// The streams that letters name, each asked for once.
#[derive(Debug, Default)]
pub(super) struct OriginalStreams {
    known: HashMap<String, Option<OriginalStream>>,
}

/// The subjects that a stream takes.
#[derive(Debug)]
struct OriginalStream {
    subjects: Vec<String>,
    /// The largest message that it keeps, in bytes; `None` if it says nothing of that.
    largest: Option<u64>,
}

impl OriginalStreams {
    /// Lets an original go only to the stream that kept it, on a subject which that stream keeps.
    /// Who wrote the letter may not be allowed to publish where it says, and whoever puts it back
    /// is.
    pub(super) async fn admit(
        &mut self,
        transport: &Transport,
        letters: &str,
        letter: &DeadLetter,
        size: usize,
    ) -> Result<(), DeadLetterError> {
        let subject = letter.subject();
        if let Some(problem) = forbidden(letter) {
            let (sequence, subject) = (letter.sequence, subject.to_owned());
            return Err(DeadLetterError::Forbidden { sequence, subject, problem });
        }
        let stream = letter.stream();
        let found = if let Some(found) = self.known.get(stream) {
            found
        } else {
            let found = transport.stream(stream).await;
            let found = found.map_err(|fault| unasked(fault, letter, letters))?;
            self.known.entry_ref(stream).or_insert(found.map(OriginalStream::of))
        };
        let keeps =
            |stream: &OriginalStream| stream.subjects.iter().any(|filter| matches(filter, subject));
        let Some(stream) = found.as_ref().filter(|stream| keeps(stream)) else {
            return Err(DeadLetterError::NoOrigin {
                sequence: letter.sequence,
                subject: subject.to_owned(),
                stream: stream.to_owned(),
            });
        };
        match stream.largest.and_then(|largest| usize::try_from(largest).ok()) {
            Some(limit) if size > limit => {
                Err(DeadLetterError::TooLarge { sequence: letter.sequence, size, limit })
            }
            _ => Ok(()),
        }
    }
}

impl OriginalStream {
    fn of(config: StreamConfig) -> Self {
        let StreamConfig { subjects, max_message_size, max_bytes, .. } = config;
        Self {
            subjects,
            largest: max_message_size.map(u64::from).into_iter().chain(max_bytes).min(),
        }
    }
}

/// Reason why nothing is put back where this letter says, whatever is there; `None` if there is
/// none.
fn forbidden(letter: &DeadLetter) -> Option<String> {
    if is_inbox(letter.subject()) {
        return Some("is an inbox, where answers go".to_owned());
    }
    if let Some(why) = reserved(letter.subject()) {
        return Some(why.to_string());
    }
    let name = check_stream_name(letter.stream()).err();
    name.map(|why| format!("is said to be kept by {:?}, which {why}", letter.stream()))
}

/// Error of a stream that can't be asked for: it may be one that nobody here has to do with.
fn unasked(fault: Fault, letter: &DeadLetter, letters: &str) -> DeadLetterError {
    match fault {
        Fault::Denied(source) => DeadLetterError::Denied { sequence: letter.sequence, source },
        fault => DeadLetterError::of(fault, letters),
    }
}
