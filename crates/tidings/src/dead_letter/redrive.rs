//! The way back: originals are published again, then their letters are removed.

use std::future::IntoFuture;
use std::pin::Pin;

use hashbrown::HashSet;

use super::error::DeadLetterError;
use super::filter::DeadLetterFilter;
use super::letter_stream::LetterStream;
use super::original::{fit, original};
use super::original_stream::OriginalStreams;
use super::progress::{DeadLetterProgress, ProgressCallback};
use super::stored_letter::DeadLetter;
use super::{key, store};
use crate::header;
use crate::traces::{Operation, Parent, SendSpan, Sent, kind_of};
use crate::transport::{Fault, Outgoing};
use crate::warrant::Signer;

/// Maximum number of errors that a report keeps.
const MOST_ERRORS: usize = 10;

/// A way back for originals, begun by `.await`.
///
/// Each is stored on its subject first, then its letter is removed. Where that is interrupted it
/// can be begun again: within the duplicate window of its stream an original is put back once for
/// each letter, however often and by however many that is tried at a time.
///
/// # Errors
/// Awaited, [`DeadLetterError`] where the letters can't be read. What was put back stays so.
///
/// # Cancel safety
/// Dropping the future leaves it unknown whether the letter in work was put back; to begin again is
/// safe.
#[derive(Debug)]
#[must_use = "await it to put letters back"]
pub struct Redrive<'a> {
    letters: LetterStream,
    filter: DeadLetterFilter,
    only_failed: bool,
    keep_going: bool,
    dry_run: bool,
    callback: ProgressCallback<'a>,
}

/// Result of a redrive.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RedriveReport {
    /// Number of originals that are on their subjects again, or would be, in a dry run.
    pub redriven: u64,
    /// Number of originals that had been put back before by somebody else, or by an earlier try;
    /// they count as redriven too.
    pub duplicates: u64,
    /// Number of originals that could not be put back; their letters stay.
    pub failed: u64,
    /// The first ten errors.
    pub errors: Vec<DeadLetterError>,
    /// Number of originals that were left alone, since their stream took nothing; see
    /// [`keep_going`](Redrive::keep_going).
    pub left: u64,
    /// `true` if letters were left alone: those of a stream that took nothing, or, where the server
    /// did not answer, the rest of them.
    pub stopped: bool,
}

impl Redrive<'_> {
    pub(super) fn new(letters: LetterStream, filter: DeadLetterFilter) -> Self {
        Self {
            letters,
            filter,
            only_failed: false,
            keep_going: false,
            dry_run: false,
            callback: ProgressCallback::default(),
        }
    }

    /// Puts them back for the consumer that failed alone: every other durable consumer of Tidings passes
    /// them over. Without this, every reader of their subjects gets them again.
    pub fn only_failed_consumer(mut self) -> Self {
        self.only_failed = true;
        self
    }

    /// Tries each letter, whatever became of those before it.
    ///
    /// Without this a stream that takes nothing, as one that is full, gets none of the letters behind
    /// the first that it refused: nothing overtakes what was put aside before it. The first that the
    /// server does not answer about ends it. A letter that can't be put back for itself, such as for
    /// its headers, its subject or its size, never keeps another one.
    pub fn keep_going(mut self) -> Self {
        self.keep_going = true;
        self
    }

    /// Changes nothing, and says what would be put back, and what is refused without being sent.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Tells how far it has come, after each letter.
    pub fn on_progress<'b>(self, tell: impl FnMut(DeadLetterProgress) + Send + 'b) -> Redrive<'b> {
        let Self { letters, filter, only_failed, keep_going, dry_run, callback: _ } = self;
        let callback = ProgressCallback::of(tell);
        Redrive { letters, filter, only_failed, keep_going, dry_run, callback }
    }

    async fn run(self) -> Result<RedriveReport, DeadLetterError> {
        let Self { letters, filter, only_failed, keep_going, dry_run, mut callback } = self;
        let total = letters.total(&filter, callback.is_set()).await?;
        let mut walk = letters.walk(filter);
        let mut way = Way {
            letters: &letters,
            only_failed,
            keep_going,
            dry_run,
            streams: OriginalStreams::default(),
            signer: None,
            held: HashSet::new(),
        };
        let mut report = RedriveReport::default();
        let mut goes_on = true;
        while let Some(letter) = walk.next().await {
            let sequence = match letter {
                Ok(letter) => {
                    goes_on = way.go(&letter, &mut report).await;
                    letter.sequence
                }
                Err(DeadLetterError::NoLetter { stream, sequence, subject }) => {
                    report.failed(DeadLetterError::NoLetter { stream, sequence, subject });
                    sequence
                }
                Err(error) => return Err(error),
            };
            callback.tell(DeadLetterProgress { sequence, seen: walk.seen, total });
            if !goes_on {
                break;
            }
        }
        report.stopped = !goes_on || report.left > 0;
        Ok(report)
    }
}

/// Way of the letters back, one after the other.
struct Way<'a> {
    letters: &'a LetterStream,
    only_failed: bool,
    keep_going: bool,
    dry_run: bool,
    streams: OriginalStreams,
    /// The key of this redrive, once there is something to be put back.
    signer: Option<Signer>,
    /// Streams that take nothing for now: what is theirs waits for what was put aside before it.
    held: HashSet<String>,
}

impl Way<'_> {
    /// Puts one back, if nothing before it is in its way; says whether others can follow.
    async fn go(&mut self, letter: &DeadLetter, report: &mut RedriveReport) -> bool {
        if self.held.contains(letter.stream()) {
            report.left += 1;
            return true;
        }
        match self.put_back(letter).await {
            Ok(Back::New) => report.redriven += 1,
            Ok(Back::Duplicate) => {
                report.redriven += 1;
                report.duplicates += 1;
            }
            Err(error) => {
                if !self.keep_going && error.is_of_stream() {
                    self.held.insert(letter.stream().to_owned());
                }
                let goes_on = self.keep_going || error.is_of_letter();
                report.failed(error);
                return goes_on;
            }
        }
        true
    }

    async fn put_back(&mut self, letter: &DeadLetter) -> Result<Back, DeadLetterError> {
        let LetterStream { link, name: letters } = self.letters;
        let sequence = letter.sequence;
        let mut message = original(letter, letters, self.only_failed)?;
        fit(&mut message, link.transport.max_payload());
        let size = message.payload.len() + message.headers.wire_len();
        let limit = link.transport.max_payload();
        if size > limit {
            return Err(DeadLetterError::TooLarge { sequence, size, limit });
        }
        self.streams.admit(&link.transport, letters, letter, size).await?;
        if self.dry_run {
            return Ok(Back::New);
        }
        let span = self.trace(letter, &mut message);
        self.sign(&mut message).await?;
        let stored = store::confirmed(link, letter.stream(), message).await;
        span.end(&stored, |fault| kind_of(fault).into());
        let ack = stored.map_err(|fault| failed(fault, letter, letters))?;
        if ack.stream != letter.stream() || ack.sequence == 0 {
            return Err(DeadLetterError::Elsewhere {
                sequence,
                subject: letter.subject().to_owned(),
                stream: letter.stream().to_owned(),
                stored_by: ack.stream,
            });
        }
        self.letters.release_original(letter).await?;
        self.letters.remove(sequence).await?;
        Ok(if ack.duplicate { Back::Duplicate } else { Back::New })
    }
}

impl Way<'_> {
    /// Begins the span of putting it back, in the trace of the original, and lets the original go on from there, if
    /// there is room for that.
    fn trace(&self, letter: &DeadLetter, message: &mut Outgoing) -> SendSpan {
        let link = &self.letters.link;
        let parent = Parent::of_message(&message.headers);
        let (operation, stream) = (Operation::Redrive, Some(letter.stream()));
        let transport = &link.transport;
        let sent = Sent { operation, template: None, stream, transport, messages: None };
        let span = link.traces.send(sent, &parent, message);
        if link.traces.is_on() {
            let mut headers = message.headers.clone();
            span.replace(&mut headers);
            let size = headers.wire_len();
            let limit = link.transport.max_payload().saturating_sub(message.payload.len());
            if size <= limit && u16::try_from(size).is_ok() {
                message.headers = headers;
            }
        }
        span
    }

    /// Puts the signature in its place, if there is room for one.
    async fn sign(&mut self, message: &mut Outgoing) -> Result<(), DeadLetterError> {
        let LetterStream { link, name: letters } = self.letters;
        if message.headers.remove(header::WARRANT).is_none() {
            return Ok(());
        }
        let signer = match &self.signer {
            Some(signer) => signer,
            None => self.signer.insert(key::make(link, letters).await?),
        };
        let Outgoing { subject, headers, payload } = message;
        if let Some(warrant) = signer.sign(subject.as_str(), headers, payload) {
            headers.push(header::WARRANT, warrant);
        }
        Ok(())
    }
}

/// Outcome of putting an original back.
enum Back {
    New,
    /// Put back already.
    Duplicate,
}

impl RedriveReport {
    fn failed(&mut self, error: DeadLetterError) {
        self.failed += 1;
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(error);
        }
    }
}

impl<'a> IntoFuture for Redrive<'a> {
    type Output = Result<RedriveReport, DeadLetterError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Error of an original that could not be put back.
fn failed(fault: Fault, letter: &DeadLetter, letters: &str) -> DeadLetterError {
    let (sequence, subject) = (letter.sequence, letter.subject().to_owned());
    match fault {
        Fault::NoResponders => {
            DeadLetterError::NoOrigin { sequence, subject, stream: letter.stream().to_owned() }
        }
        Fault::Api(error) => DeadLetterError::Refused {
            sequence,
            subject,
            code: error.code,
            description: error.description,
        },
        Fault::TooLarge { size, limit } => DeadLetterError::TooLarge { sequence, size, limit },
        Fault::Denied(source) => DeadLetterError::Denied { sequence, source },
        Fault::Client(source) => DeadLetterError::Unsendable { sequence, source },
        other => DeadLetterError::of(other, letters),
    }
}
