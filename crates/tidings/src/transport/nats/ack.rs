//! The ack of a publish: on its way, and read.

use std::pin::Pin;
use std::task::{Context, Poll};

use async_nats::Message;

use super::api::WireError;
use super::replies::Reply;
use crate::publish_ack::PublishAck;
use crate::transport::Fault;

/// The ack of one publish. Dropping it forgets the ack.
#[derive(Debug)]
pub(crate) struct NatsAck(pub(super) Reply);

impl NatsAck {
    /// Takes it if it is here. Nobody is woken when it comes later.
    pub(crate) fn take(&mut self) -> Option<Result<PublishAck, Fault>> {
        self.0.take().map(read)
    }
}

/// Reads what a stream answers to a publish.
fn read(answer: Result<Message, Fault>) -> Result<PublishAck, Fault> {
    publish_ack(&answer?.payload)
}

impl Future for NatsAck {
    type Output = Result<PublishAck, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(read)
    }
}

#[derive(serde::Deserialize)]
struct Stored {
    error: Option<WireError>,
    #[serde(default)]
    stream: String,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
}

/// Reads its text.
pub(super) fn publish_ack(payload: &[u8]) -> Result<PublishAck, Fault> {
    match usual(payload) {
        Some((stream, sequence, duplicate)) => {
            Ok(PublishAck { stream: stream.to_owned(), sequence, duplicate })
        }
        None => any(payload),
    }
}

/// Reads any answer, an error too.
fn any(payload: &[u8]) -> Result<PublishAck, Fault> {
    let stored: Stored = serde_json::from_slice(payload).map_err(Fault::client)?;
    match stored.error {
        Some(error) => Err(error.into()),
        None => Ok(PublishAck {
            stream: stored.stream,
            sequence: stored.seq,
            duplicate: stored.duplicate,
        }),
    }
}

/// Reads what nearly every ack is: one flat object of plain texts, whole numbers and booleans, with
/// a stream and a sequence. `None` for whatever else, also if it is no JSON.
fn usual(payload: &[u8]) -> Option<(&str, u64, bool)> {
    let mut rest = Rest(payload);
    let (mut stream, mut sequence, mut duplicate) = (None, None, None);
    rest.is(b'{')?;
    loop {
        let key = rest.text()?;
        rest.is(b':')?;
        let first_time = match key {
            "stream" => stream.replace(rest.text()?).is_none(),
            "seq" => sequence.replace(rest.number()?).is_none(),
            "duplicate" => duplicate.replace(rest.boolean()?).is_none(),
            // The domain, or what a later server adds. An error is for `any`.
            "domain" => rest.text().is_some(),
            _ => false,
        };
        if !first_time {
            return None;
        }
        match rest.next()? {
            b',' => {}
            b'}' if rest.is_empty() => break,
            _ => return None,
        }
    }
    Some((stream?, sequence?, duplicate.unwrap_or(false)))
}

/// What is left of a JSON text.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn skip_space(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    /// Whether nothing is left but white space.
    fn is_empty(&mut self) -> bool {
        self.skip_space();
        self.0.is_empty()
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        self.skip_space();
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn is(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// A text without escapes, all of it printable ASCII.
    fn text(&mut self) -> Option<&'a str> {
        self.is(b'"')?;
        let end = self.0.iter().position(|byte| *byte == b'"')?;
        let (text, rest) = (&self.0[..end], &self.0[end + 1..]);
        if text.iter().any(|byte| *byte == b'\\' || !matches!(byte, b' '..=b'~')) {
            return None;
        }
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    /// A whole number, as JSON writes it.
    fn number(&mut self) -> Option<u64> {
        self.skip_space();
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        let zero_first = digits.len() > 1 && digits[0] == b'0';
        if digits.is_empty() || zero_first {
            return None;
        }
        self.0 = rest;
        let add =
            |number: u64, digit: &u8| number.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
        digits.iter().try_fold(0, add)
    }

    fn boolean(&mut self) -> Option<bool> {
        self.skip_space();
        for (text, value) in [(&b"true"[..], true), (b"false", false)] {
            if let Some(rest) = self.0.strip_prefix(text) {
                self.0 = rest;
                return Some(value);
            }
        }
        None
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
            ("{\"seq\":0,\"stream\":\"\",\"duplicate\":false}\r\n", ack("", 0, false)),
            (r#" { "stream" : "S" , "seq" : 18446744073709551615 } "#, ack("S", u64::MAX, false)),
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
        ] {
            assert_eq!(usual(text.as_bytes()), None, "{text}");
            assert_eq!(publish_ack(text.as_bytes()).unwrap(), expected, "{text}");
        }
        let text =
            r#"{"error":{"code":400,"err_code":10071,"description":"no"},"stream":"S","seq":1}"#;
        let Err(Fault::Api(error)) = publish_ack(text.as_bytes()) else { panic!("no error") };
        assert_eq!((error.status, error.code, &*error.description), (400, 10_071, "no"));
    }

    /// Where the short way gives something, serde gives the same: for texts made of the pieces that
    /// acks are made of, put together by chance.
    #[test]
    fn both_ways_say_the_same() {
        const PIECES: [&str; 31] = [
            "{",
            "}",
            "\"",
            ":",
            ",",
            " ",
            "\n",
            "\"stream\"",
            "\"seq\"",
            "\"duplicate\"",
            "\"domain\"",
            "\"error\"",
            "\"ORDERS\"",
            "\"a\\\"b\"",
            "\"\\u0041\"",
            "é",
            "0",
            "1",
            "42",
            "007",
            "-1",
            "1.5",
            "1e3",
            "18446744073709551615",
            "18446744073709551616",
            "true",
            "false",
            "null",
            "[]",
            "{}",
            "\t",
        ];
        const WHOLE: &str = r#"{"stream":"ORDERS", "domain":"hub", "seq":42,"duplicate": true}"#;
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        let (mut read, mut refused) = (0, 0);
        for round in 0..200_000 {
            let mut text = Vec::new();
            if round % 2 == 0 {
                // A whole one, with some of its bytes changed, taken out or put in.
                text.extend_from_slice(WHOLE.as_bytes());
                for _ in 0..random(3) {
                    let (place, piece) = (random(text.len()), PIECES[random(PIECES.len())]);
                    let end = (place + random(3)).min(text.len());
                    text.splice(place..end, piece.bytes());
                }
            } else {
                let members = (0..random(5)).map(|_| {
                    let (key, value) = (7 + random(5), 12 + random(PIECES.len() - 12));
                    format!("{}:{}", PIECES[key], PIECES[value])
                });
                let members = members.collect::<Vec<_>>().join(",");
                text.extend_from_slice(format!("{{{members}}}").as_bytes());
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
