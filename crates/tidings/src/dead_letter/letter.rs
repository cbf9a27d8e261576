//! The letter that is made of a message that can't be handled.

use bytes::Bytes;
use data_encoding::BASE64;

use super::cause::Cause;
use super::naming;
use super::text::{self, MOST_ERROR};
use crate::header::{self, Headers};
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::{Outgoing, Receipt};

/// The most bytes of headers that a stream stores.
const MOST_HEADERS: usize = u16::MAX as usize;

/// Headers that are left out where a letter is too large, in this order. The subject and the id say
/// it too, or it is good to know and no more.
const SPARE: [&str; 9] = [
    header::DL_ERROR,
    header::DL_FIRST_FAILED_AT,
    header::DL_LAST_FAILED_AT,
    header::DL_ATTEMPTS,
    header::DL_STORED_AT,
    header::DL_SEQUENCE,
    header::DL_CONSUMER,
    header::DL_STREAM,
    header::DL_SUBJECT,
];

/// The message that is put aside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Original<'a> {
    pub(super) subject: &'a str,
    pub(super) headers: OriginalHeaders<'a>,
    pub(super) payload: &'a Bytes,
    pub(super) receipt: &'a Receipt,
}

/// An original's headers, as far as they can be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum OriginalHeaders<'a> {
    Read(&'a Headers),
    Raw(&'a [u8]),
}

/// The letter of a message, of at most `limit` bytes with its headers; `None` if that can't be.
pub(super) fn letter(
    letters: &str,
    original: Original<'_>,
    cause: &Cause,
    limit: usize,
) -> Option<Outgoing> {
    let subject = naming::fitting_subject(letters, original.receipt, original.subject);
    let mut headers = written(original, cause);
    let is_whole = subject.ends_with(original.subject);
    let payload = original.payload.clone();
    fit(&mut headers, payload.len(), limit, is_whole).then(|| Outgoing {
        subject: Subject::from(subject),
        headers,
        payload,
    })
}

/// The letter of a message that fits into none: it refers to the original, which must stay where it
/// is.
pub(super) fn referring(
    letters: &str,
    original: Original<'_>,
    cause: &Cause,
    limit: usize,
) -> Outgoing {
    let subject = naming::fitting_subject(letters, original.receipt, original.subject);
    let mut headers = Headers::new();
    describe(&mut headers, original, cause);
    headers.push(header::DL_REFERS, "original");
    let is_whole = subject.ends_with(original.subject);
    fit(&mut headers, 0, limit, is_whole);
    Outgoing { subject: Subject::from(subject), headers, payload: Bytes::new() }
}

fn written(original: Original<'_>, cause: &Cause) -> Headers {
    let mut headers = Headers::new();
    match original.headers {
        OriginalHeaders::Read(theirs) if theirs.iter().all(is_writable) => {
            for (name, value) in theirs.iter() {
                headers.push(kept_as(name), value.to_owned());
            }
        }
        OriginalHeaders::Read(theirs) => {
            headers.push(header::DL_RAW_HEADERS, BASE64.encode(theirs.to_wire().as_slice()));
        }
        OriginalHeaders::Raw(block) => headers.push(header::DL_RAW_HEADERS, BASE64.encode(block)),
    }
    describe(&mut headers, original, cause);
    headers
}

/// Says where the original comes from, and why it was put aside.
fn describe(headers: &mut Headers, original: Original<'_>, cause: &Cause) {
    let Receipt { stream, consumer, sequence, stored_at, .. } = original.receipt;
    headers.push(header::MESSAGE_ID, naming::letter_id(original.receipt));
    headers.push(header::DL_REASON, cause.reason.as_str().to_owned());
    let mut add = |name: &'static str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            headers.push(name, value);
        }
    };
    add(header::DL_ERROR, Some(text::encode(&cause.error, MOST_ERROR)));
    add(header::DL_ATTEMPTS, Some(cause.attempts.to_string()));
    add(header::DL_SUBJECT, Some(text::encode(original.subject, usize::MAX)));
    add(header::DL_STREAM, Some(text::encode(stream, usize::MAX)));
    add(header::DL_SEQUENCE, Some(sequence.to_string()));
    add(header::DL_CONSUMER, Some(text::encode(consumer, usize::MAX)));
    add(header::DL_FIRST_FAILED_AT, cause.first_failed_at.and_then(timestamp::write));
    add(header::DL_LAST_FAILED_AT, timestamp::write(cause.last_failed_at));
    add(header::DL_STORED_AT, timestamp::write(*stored_at));
}

/// Name of a header of the original in the letter.
fn kept_as(name: &str) -> String {
    if header::acts_on_letters(name) {
        format!("{}{name}", header::DL_ORIGINAL)
    } else {
        name.to_owned()
    }
}

/// Returns `true` if a header that was read can be written again. A line end in a value is what a
/// sender of another kind may have put there, and no client sends it.
fn is_writable((_, value): (&str, &str)) -> bool {
    !value.contains(['\r', '\n'])
}

/// Shortens the error, and then leaves out what can be spared, until the letter is small enough;
/// says whether it is. The subject can be spared where the letter's own is whole.
fn fit(headers: &mut Headers, payload: usize, limit: usize, is_whole: bool) -> bool {
    let most = limit.saturating_sub(payload).min(MOST_HEADERS);
    let over = headers.wire_len().saturating_sub(most);
    if over > 0
        && let Some(error) = headers.get(header::DL_ERROR)
        && error.len() > over
    {
        let shorter = text::encode(&text::decode(error), error.len() - over);
        headers.set(header::DL_ERROR, shorter);
    }
    for name in SPARE {
        if headers.wire_len() <= most {
            break;
        }
        if is_whole || name != header::DL_SUBJECT {
            headers.remove(name);
        }
    }
    headers.wire_len() <= most && payload <= limit
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::dead_letter::DeadLetterReason;

    fn receipt() -> Receipt {
        Receipt {
            stream: "ORDERS".into(),
            consumer: "shop-orders".into(),
            sequence: 7,
            attempt: 5,
            pending: 0,
            stored_at: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001),
        }
    }

    fn cause(error: &str) -> Cause {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Cause {
            reason: DeadLetterReason::Attempts,
            error: error.to_owned(),
            attempts: 5,
            first_failed_at: Some(at(1_700_000_010)),
            last_failed_at: at(1_700_000_020),
        }
    }

    fn written_as(headers: &Headers, error: &str, payload: usize, limit: usize) -> Outgoing {
        let receipt = receipt();
        let payload = Bytes::from(vec![7; payload]);
        let headers = OriginalHeaders::Read(headers);
        let original = Original {
            subject: "orders.eu.created",
            headers,
            payload: &payload,
            receipt: &receipt,
        };
        let whole = letter("shop-dead-letters", original, &cause(error), limit);
        whole.unwrap_or_else(|| referring("shop-dead-letters", original, &cause(error), limit))
    }

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in pairs {
            headers.push((*name).to_owned(), (*value).to_owned());
        }
        headers
    }

    #[test]
    fn the_whole_letter() {
        let theirs = headers(&[
            ("tenant", "acme"),
            ("Nats-Msg-Id", "order.7"),
            ("empty", ""),
            ("tenant", "again"),
            ("Tidings-Dl-Reason", "of a letter of a letter"),
            ("Tidings-Redriven", "2"),
        ]);
        let letter = written_as(&theirs, "no stock: 100%\nof it", 3, 1000);
        assert_eq!(
            letter.subject.as_str(),
            "_dead_letters.shop-dead-letters.ORDERS.shop-orders.orders.eu.created"
        );
        assert_eq!(letter.payload, [7, 7, 7].as_slice());
        let expected = headers(&[
            ("tenant", "acme"),
            ("Tidings-Dl-Original-Nats-Msg-Id", "order.7"),
            ("empty", ""),
            ("tenant", "again"),
            ("Tidings-Dl-Original-Tidings-Dl-Reason", "of a letter of a letter"),
            ("Tidings-Redriven", "2"),
            ("Nats-Msg-Id", "ORDERS.shop-orders.7.1700000000000000001"),
            ("Tidings-Dl-Reason", "attempts"),
            ("Tidings-Dl-Error", "no stock: 100%25%0Aof it"),
            ("Tidings-Dl-Attempts", "5"),
            ("Tidings-Dl-Subject", "orders.eu.created"),
            ("Tidings-Dl-Stream", "ORDERS"),
            ("Tidings-Dl-Sequence", "7"),
            ("Tidings-Dl-Consumer", "shop-orders"),
            ("Tidings-Dl-First-Failed-At", "2023-11-14T22:13:30Z"),
            ("Tidings-Dl-Last-Failed-At", "2023-11-14T22:13:40Z"),
            ("Tidings-Dl-Stored-At", "2023-11-14T22:13:20.000000001Z"),
        ]);
        assert_eq!(letter.headers, expected);
    }

    #[test]
    fn a_large_one_first_has_a_shorter_error_then_less_of_ours() {
        let theirs = headers(&[("tenant", "acme")]);
        let error = "a long story ".repeat(40);
        let whole = written_as(&theirs, &error, 500, 10_000);
        let size = |letter: &Outgoing| letter.headers.wire_len() + letter.payload.len();

        let shorter = written_as(&theirs, &error, 500, size(&whole) - 100);
        assert!(size(&shorter) <= size(&whole) - 100);
        assert_eq!(shorter.headers.len(), whole.headers.len());
        let kept = shorter.headers.get(header::DL_ERROR).unwrap();
        assert!(error.starts_with(kept) && kept.len() > 300, "{kept}");

        let least = written_as(&theirs, &error, 500, 637);
        let names: Vec<&str> = least.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["tenant", header::MESSAGE_ID, header::DL_REASON]);
        let limit = size(&least) + 40;
        let less = written_as(&theirs, &error, 500, limit);
        assert!(size(&less) <= limit);
        assert_eq!(less.headers.get(header::DL_SUBJECT), Some("orders.eu.created"));
        assert_eq!(less.headers.get(header::DL_ERROR), None);
    }

    #[test]
    fn one_that_fits_into_no_letter_is_referred_to() {
        let theirs = headers(&[("tenant", "acme")]);
        let letter = written_as(&theirs, "no stock", 900, 1000);
        assert!(letter.payload.is_empty());
        assert_eq!(letter.headers.get("tenant"), None);
        assert_eq!(letter.headers.get(header::DL_REFERS), Some("original"));
        assert_eq!(letter.headers.get(header::DL_SEQUENCE), Some("7"));
        assert_eq!(letter.headers.get(header::DL_ERROR), Some("no stock"));
    }

    #[test]
    fn a_long_subject_is_cut_between_its_tokens_and_stands_in_a_header() {
        let (receipt, payload) = (receipt(), Bytes::new());
        let long = format!("orders.eu.{}.{}", "x".repeat(1000), "y".repeat(1000));
        let headers = Headers::new();
        let headers = OriginalHeaders::Read(&headers);
        let original = Original { subject: &long, headers, payload: &payload, receipt: &receipt };
        let letter = letter("shop-dead-letters", original, &cause(""), 10_000).unwrap();
        assert!(letter.subject.as_str().len() <= tidings_subject::MAX_LEN);
        assert!(letter.subject.as_str().ends_with(&format!("orders.eu.{}", "x".repeat(1000))));
        assert_eq!(letter.headers.get(header::DL_SUBJECT), Some(long.as_str()));
    }

    #[test]
    fn headers_of_more_than_a_stream_takes_are_shortened_too() {
        let value = "x".repeat(MOST_HEADERS - 1000);
        let letter = written_as(&headers(&[("large", &value)]), &"e".repeat(2000), 0, 10_000_000);
        assert!(letter.headers.wire_len() <= MOST_HEADERS);
        assert_eq!(letter.headers.get("large"), Some(value.as_str()));
    }

    #[test]
    fn what_can_not_be_written_again_goes_as_a_block() {
        let letter = written_as(&headers(&[("odd", "a\rb"), ("tenant", "acme")]), "", 0, 10_000);
        assert_eq!(letter.headers.get("odd"), None);
        assert_eq!(letter.headers.get("tenant"), None);
        let raw = letter.headers.get(header::DL_RAW_HEADERS).unwrap();
        let block = BASE64.decode(raw.as_bytes()).unwrap();
        assert_eq!(block, b"NATS/1.0\r\nodd: a\rb\r\ntenant: acme\r\n\r\n");
    }
}
