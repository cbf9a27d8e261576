//! The original of a letter, as it is published again.

use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;

use super::cause::DeadLetterReason;
use super::error::DeadLetterError;
use super::stored_letter::DeadLetter;
use crate::header::{self, Headers};
use crate::transport::{Outgoing, is_splittable};
use crate::warrant;

/// The original as it is published again.
pub(super) fn original(
    letter: &DeadLetter,
    letters: &str,
    only_failed: bool,
) -> Result<Outgoing, DeadLetterError> {
    if letter.is_gone() {
        let (sequence, stream) = (letter.sequence, letter.stream().to_owned());
        let original = letter.original_sequence().unwrap_or_default();
        return Err(DeadLetterError::Gone { sequence, stream, original });
    }
    let subject = letter.subject();
    let is_whole = !subject.contains(char::REPLACEMENT_CHARACTER)
        || *letter.reason() != DeadLetterReason::Unreadable;
    let is_sendable = letter.headers().iter().all(header::is_sendable);
    if letter.raw_headers().is_some() || !is_sendable || !is_splittable(subject) || !is_whole {
        return Err(DeadLetterError::Unreadable { sequence: letter.sequence });
    }
    if letter.payload().is_empty() && letter.headers().get(header::MARKER_REASON).is_some() {
        return Err(DeadLetterError::Marker { sequence: letter.sequence });
    }
    if letter.headers().get(header::SCHEDULE).is_some() {
        return Err(DeadLetterError::Waiting { sequence: letter.sequence });
    }
    let mut headers = Headers::new();
    for (name, value) in letter.headers().iter().filter(|(name, _)| header::comes_back(name)) {
        headers.push(name.to_owned(), value.to_owned());
    }
    let count = letter.redriven().saturating_add(1);
    let put_aside = letter.put_aside_at().duration_since(SystemTime::UNIX_EPOCH);
    let put_aside = put_aside.unwrap_or_default().as_nanos();
    let id = format!("{letters}.{}.{put_aside}.{count}", letter.sequence);
    headers.push(header::MESSAGE_ID, id);
    headers.push(header::EXPECTED_STREAM, letter.stream().to_owned());
    if let Some(id) = letter.message_id() {
        headers.push(header::ORIGINAL_ID, id.to_owned());
    }
    headers.push(header::REDRIVEN, count.to_string());
    if let Some(origin) = letter.origin() {
        headers.push(header::ORIGIN, origin);
    } else if let (Some(sequence), Some(at)) = (letter.original_sequence(), letter.stored_at()) {
        let nanos = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        headers.push(header::ORIGIN, format!("{}.{sequence}.{nanos}", letter.stream()));
    }
    if only_failed {
        headers.push(header::ONLY, format!("{}/{}", letter.stream(), letter.consumer()));
    }
    headers.push(header::WARRANT, warrant::blank(letters, letter.sequence));
    let subject = letter.subject().to_owned().into();
    Ok(Outgoing { subject, headers, payload: letter.payload().clone() })
}

/// Makes room where an original that fits by itself does not with what is said of its way: what is
/// good to know is left out, and its id, which keeps it from being put back twice, is a short one.
pub(super) fn fit(message: &mut Outgoing, limit: usize) {
    let is_over = |message: &Outgoing| {
        let headers = message.headers.wire_len();
        headers > usize::from(u16::MAX) || headers + message.payload.len() > limit
    };
    for name in [header::ORIGIN, header::REDRIVEN] {
        if is_over(message) {
            message.headers.remove(name);
        }
    }
    if is_over(message)
        && let Some(id) = message.headers.get(header::MESSAGE_ID)
    {
        let short = BASE64URL_NOPAD.encode(&digest(id).to_be_bytes());
        message.headers.set(header::MESSAGE_ID, short);
    }
    // What is signed now is for whom it is, or nothing. Which stream has stored it, its ack says too.
    let is_for_all = message.headers.get(header::ONLY).is_none();
    for name in [header::ORIGINAL_ID, header::WARRANT, header::EXPECTED_STREAM] {
        if is_over(message) && (is_for_all || name != header::WARRANT) {
            message.headers.remove(name);
        }
    }
}

/// FNV-1a: the same in every version and every process.
fn digest(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
