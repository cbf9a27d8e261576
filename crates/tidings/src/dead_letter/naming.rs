//! Names of dead letters: their subjects, their ids, and the stream that keeps them.

use std::time::{Duration, SystemTime};

use tidings_subject::MAX_LEN;

use super::text;
use crate::stream::{Discard, StreamConfig};
use crate::subject::LETTERS as ROOT;
use crate::transport::Receipt;
use crate::warrant::key_subject;

/// Advisory of a message that was delivered as often as allowed, and never settled.
const EXHAUSTED: &str = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES";
/// Time for which a letter's id is remembered. Between the first and the second storing of the same
/// letter a process may have to be started again.
pub(super) const DUPLICATE_WINDOW: Duration = Duration::from_secs(60 * 60);

/// The subject of the letters of a stream's consumer.
pub(super) fn letter_subject(
    letters: &str,
    stream: &str,
    consumer: &str,
    original: &str,
) -> String {
    let original = text::splittable(original);
    format!("{ROOT}.{letters}.{stream}.{consumer}.{original}")
}

/// The subject of the letter of a message: where it would be longer than a subject may be, the last
/// tokens are left out, and the letter says in a header what they were.
pub(super) fn fitting_subject(letters: &str, receipt: &Receipt, original: &str) -> String {
    fitting(letters, &receipt.stream, &receipt.consumer, original)
}

/// A letter's subject by the names of stream and consumer, cut between tokens where it is too long.
pub(super) fn fitting(letters: &str, stream: &str, consumer: &str, original: &str) -> String {
    let mut kept = original;
    loop {
        let subject = letter_subject(letters, stream, consumer, kept);
        if subject.len() <= MAX_LEN {
            return subject;
        }
        match kept.rsplit_once('.') {
            Some((first, _)) => kept = first,
            None => return letter_subject(letters, stream, consumer, "_"),
        }
    }
}

/// A letter's stream, consumer and original subject, read off its subject.
pub(super) fn parts<'a>(letters: &str, subject: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let rest = subject.strip_prefix(ROOT)?.strip_prefix('.')?;
    let rest = rest.strip_prefix(letters)?.strip_prefix('.')?;
    let (stream, rest) = rest.split_once('.')?;
    let (consumer, original) = rest.split_once('.')?;
    let is_whole = [stream, consumer, original].iter().all(|part| !part.is_empty());
    is_whole.then_some((stream, consumer, original))
}

/// The dead-letter stream of a registry that says nothing else.
pub(crate) fn stream_of(registry: &str) -> String {
    format!("{registry}-dead-letters")
}

/// The subject filter of all letters in this stream.
pub(super) fn all_letters(letters: &str) -> String {
    format!("{ROOT}.{letters}.>")
}

/// The subject of the message that says whose turn it is to change the stream; no letter's.
pub(super) fn lease_subject(letters: &str) -> String {
    format!("{ROOT}.{letters}._turn")
}

/// Returns `true` if it is the subject of a message that is no letter, but belongs to the stream
/// all the same.
pub(super) fn is_none(letters: &str, subject: &str) -> bool {
    subject == lease_subject(letters) || subject == key_subject(letters)
}

/// The subject on which the server tells that this consumer has exhausted a message.
pub(crate) fn exhausted_subject(stream: &str, consumer: &str) -> String {
    format!("{EXHAUSTED}.{stream}.{consumer}")
}

/// The id of the one letter that there is of this delivery's failure.
pub(super) fn letter_id(receipt: &Receipt) -> String {
    let Receipt { stream, consumer, sequence, stored_at, .. } = receipt;
    let stored_at = stored_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{stream}.{consumer}.{sequence}.{}", stored_at.as_nanos())
}

/// The original's sequence, and when it was stored, in nanoseconds: read off a letter's id.
pub(super) fn of_letter_id(id: &str) -> Option<(u64, u64)> {
    let (rest, nanos) = id.rsplit_once('.')?;
    let (_, sequence) = rest.rsplit_once('.')?;
    Some((sequence.parse().ok()?, nanos.parse().ok()?))
}

/// The stream for letters, and for what a server tells of messages that these consumers, by their
/// streams, have exhausted.
///
/// A full one refuses: then the original stays where it is.
pub(crate) fn stream_config<'a>(
    name: &str,
    routes: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> StreamConfig {
    let advisories =
        routes.into_iter().map(|(stream, consumer)| exhausted_subject(stream, consumer));
    let subjects = std::iter::once(all_letters(name)).chain(advisories);
    let mut config = StreamConfig::new(name, subjects);
    config.description = Some("Messages that could not be handled".to_owned());
    config.discard = Discard::New;
    config.duplicate_window = Some(DUPLICATE_WINDOW);
    config
}
