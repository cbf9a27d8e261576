//! The ack of a publish: on its way, and read.

use std::pin::Pin;
use std::task::{Context, Poll};

use async_nats::Message;

use crate::publish_ack::PublishAck;
use crate::transport::Fault;
use crate::transport::nats::codec::api_error::WireError;
use crate::transport::nats::reply::Reply;

/// The ack of one publish. Dropping it forgets the ack.
#[derive(Debug)]
pub(crate) struct NatsAck {
    pub(crate) reply: Reply,
    /// `true` if it ends by itself once its time is up.
    pub(crate) timed: bool,
}

impl NatsAck {
    /// Takes the ack if it is here. Nobody is woken when it comes later.
    pub(crate) fn take(&mut self) -> Option<Result<PublishAck, Fault>> {
        self.reply.take().map(read)
    }

    /// Returns `true` if it ends by itself once its time is up.
    pub(crate) fn is_timed(&self) -> bool {
        self.timed
    }
}

/// Reads what a stream answers to a publish.
fn read(answer: Result<Message, Fault>) -> Result<PublishAck, Fault> {
    publish_ack(&answer?.payload)
}

impl Future for NatsAck {
    type Output = Result<PublishAck, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.reply).poll(cx).map(read)
    }
}

#[derive(serde::Deserialize)]
struct AckBody {
    error: Option<WireError>,
    #[serde(default)]
    stream: String,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
}

/// Reads its text.
pub(crate) fn publish_ack(payload: &[u8]) -> Result<PublishAck, Fault> {
    match usual(payload) {
        Some((stream, sequence, duplicate)) => {
            Ok(PublishAck { stream: stream.to_owned(), sequence, duplicate })
        }
        None => any(payload),
    }
}

/// Reads any answer, an error too.
fn any(payload: &[u8]) -> Result<PublishAck, Fault> {
    let stored: AckBody = serde_json::from_slice(payload).map_err(Fault::client)?;
    match stored.error {
        Some(error) => Err(error.into()),
        None => Ok(PublishAck {
            stream: stored.stream,
            sequence: stored.seq,
            duplicate: stored.duplicate,
        }),
    }
}

/// Reads what a server writes: stream, domain, sequence and whether it is a duplicate, in this
/// order. `None` for whatever else, also if it is no JSON.
fn usual(payload: &[u8]) -> Option<(&str, u64, bool)> {
    let mut rest = Rest(payload);
    rest.take(b"{\"stream\":")?;
    let stream = rest.text()?;
    rest.comma()?;
    if rest.take(b"\"domain\":").is_some() {
        rest.text()?;
        rest.comma()?;
    }
    rest.take(b"\"seq\":")?;
    let sequence = rest.number()?;
    let duplicate = rest.take(b",\"duplicate\": true").is_some();
    rest.take(b"}")?;
    rest.0.is_empty().then_some((stream, sequence, duplicate))
}

/// Remainder of an ack that is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn comma(&mut self) -> Option<()> {
        self.take(b",")?;
        // A server writes a space there.
        self.0 = self.0.strip_prefix(b" ").unwrap_or(self.0);
        Some(())
    }

    /// A text without escapes, all of it printable ASCII.
    fn text(&mut self) -> Option<&'a str> {
        self.take(b"\"")?;
        let plain = |byte: &u8| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
        let end = self.0.iter().position(|byte| !plain(byte))?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        self.take(b"\"")?;
        std::str::from_utf8(text).ok()
    }

    /// A whole number, as JSON writes it, and less than 10^19.
    fn number(&mut self) -> Option<u64> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        let zero_first = digits.len() > 1 && digits[0] == b'0';
        if digits.is_empty() || zero_first || digits.len() > 19 {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(stream: &str, sequence: u64, duplicate: bool) -> PublishAck {
        PublishAck { stream: stream.to_owned(), sequence, duplicate }
    }

    #[test]
    fn what_a_server_sends_is_read_without_detour() {
        for (text, expected) in [
            (r#"{"stream":"ORDERS", "seq":42}"#, ack("ORDERS", 42, false)),
            (r#"{"stream":"ORDERS", "domain":"hub", "seq":1}"#, ack("ORDERS", 1, false)),
            (r#"{"stream":"A B", "seq":7,"duplicate": true}"#, ack("A B", 7, true)),
            (r#"{"stream":"","seq":0}"#, ack("", 0, false)),
            (
                r#"{"stream":"S", "seq":9999999999999999999}"#,
                ack("S", 9_999_999_999_999_999_999, false),
            ),
        ] {
            let read = usual(text.as_bytes());
            assert_eq!(read, Some((&*expected.stream, expected.sequence, expected.duplicate)));
            assert_eq!(publish_ack(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn whatever_else_is_read_by_serde() {
        for (text, expected) in [
            (r#"{"stream":"caf\u00e9","seq":1}"#, ack("café", 1, false)),
            (r#"{"stream":"é","seq":1}"#, ack("é", 1, false)),
            (r#"{"stream":"S","seq":1,"batch":"b","count":3}"#, ack("S", 1, false)),
            (r#"{"type":"x","error":null,"stream":"S","seq":1}"#, ack("S", 1, false)),
            (r#"{"stream":"S"}"#, ack("S", 0, false)),
            (r#"{"seq":1,"stream":"S","duplicate":false}"#, ack("S", 1, false)),
            (" { \"stream\" : \"S\" , \"seq\" : 1 }\r\n", ack("S", 1, false)),
            (r#"{"stream":"S", "seq":18446744073709551615}"#, ack("S", u64::MAX, false)),
        ] {
            assert_eq!(usual(text.as_bytes()), None, "{text}");
            assert_eq!(publish_ack(text.as_bytes()).unwrap(), expected, "{text}");
        }
        let text =
            r#"{"error":{"code":400,"err_code":10071,"description":"no"},"stream":"S","seq":1}"#;
        let Err(Fault::Api(error)) = publish_ack(text.as_bytes()) else { panic!("no error") };
        assert_eq!((error.status, error.code, &*error.description), (400, 10_071, "no"));
    }

    /// Checks that serde gives the same where the short way gives something: for acks changed by
    /// chance.
    #[test]
    fn both_ways_say_the_same() {
        const PIECES: [&str; 24] = [
            "{",
            "}",
            "\"",
            ":",
            ",",
            " ",
            "\n",
            "\\",
            "\"seq\":",
            "\"domain\":\"d\", ",
            "é",
            "0",
            "1",
            "42",
            "-",
            ".5",
            "e3",
            "99999999999999999999",
            ",\"duplicate\": true",
            "false",
            "null",
            "\u{7f}",
            "\t",
            "x",
        ];
        const WHOLE: [&str; 4] = [
            r#"{"stream":"ORDERS", "seq":42}"#,
            r#"{"stream":"ORDERS", "seq":1842,"duplicate": true}"#,
            r#"{"stream":"ORDERS", "domain":"hub", "seq":42,"duplicate": true}"#,
            r#"{"stream":"", "domain":"", "seq":0}"#,
        ];
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        let (mut read, mut refused) = (0, 0);
        for round in 0..200_000 {
            let mut text = WHOLE[round % WHOLE.len()].as_bytes().to_vec();
            for _ in 0..random(3) {
                let (place, piece) = (random(text.len() + 1), PIECES[random(PIECES.len())]);
                let end = (place + random(3)).min(text.len());
                text.splice(place..end, piece.bytes());
            }
            match (usual(&text), any(&text)) {
                (Some((stream, sequence, duplicate)), Ok(found)) => {
                    read += 1;
                    assert_eq!(found, ack(stream, sequence, duplicate));
                }
                (Some(_), Err(error)) => panic!("{}: {error}", String::from_utf8_lossy(&text)),
                (None, _) => refused += 1,
            }
        }
        assert!(read > 10_000 && refused > 10_000, "{read} {refused}");
    }
}
