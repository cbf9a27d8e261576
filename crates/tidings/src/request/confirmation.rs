//! Confirmations of streams, told from the replies of services.
//!
//! A stream that keeps a request's subject stores the request and confirms it to the asker, before
//! any handler has begun. The confirmation is a small JSON object, and a reply whose fields may be
//! missing would be read from it.

use serde::Deserialize;

use crate::transport::Incoming;

/// Fields of a stream's answer (nats-server 2.15, `JSPubAckResponse`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    error: Option<Refusal>,
    stream: String,
    #[serde(rename = "seq")]
    _seq: u64,
    #[serde(rename = "domain", default)]
    _domain: Option<String>,
    #[serde(rename = "duplicate", default)]
    _duplicate: bool,
    #[serde(rename = "val", default)]
    _val: Option<String>,
    #[serde(rename = "batch", default)]
    _batch: Option<String>,
    #[serde(rename = "count", default)]
    _count: Option<u64>,
}

/// Refusal of a stream that did not store.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "err_code")]
    _err_code: u32,
}

/// The stream whose confirmation, or refusal, this text is.
pub(crate) fn stream_of(payload: &[u8]) -> Option<String> {
    // A server writes one of the two first. Nearly all replies begin otherwise.
    if payload.starts_with(br#"{"stream":"#) || payload.starts_with(br#"{"error":"#) {
        read(payload)
    } else {
        None
    }
}

#[cold]
fn read(payload: &[u8]) -> Option<String> {
    let Confirmation { error, stream, .. } = serde_json::from_slice(payload).ok()?;
    // An error that is none of a stream's is a reply like any other.
    let is_named = !stream.is_empty() && (error.is_some() || payload.starts_with(b"{\"s"));
    is_named.then_some(stream)
}

/// The stream that has answered in place of a service. A stream's answer has no headers, and so
/// every reply that has one is a reply.
pub(super) fn of_stream(answer: &Incoming) -> Option<String> {
    stream_of(&answer.payload).filter(|_| answer.headers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stream_answers_is_told_from_replies() {
        for answer in [
            r#"{"stream":"S", "seq":1}"#,
            r#"{"stream":"S", "seq":1,"duplicate": true}"#,
            r#"{"stream":"S", "domain":"hub", "seq":1}"#,
            r#"{"stream":"S","seq":1,"val":"7"}"#,
            r#"{"stream":"S","seq":2,"batch":"b","count":2}"#,
            r#"{"error":{"code":503,"err_code":10077,"description":"full"},"stream":"S","seq":0}"#,
        ] {
            assert_eq!(stream_of(answer.as_bytes()).as_deref(), Some("S"), "{answer}");
        }
        for reply in [
            "",
            "null",
            r#"{"total":3}"#,
            r#"{"stream":"S"}"#,
            r#"{"stream":"S","seq":"1"}"#,
            r#"{"stream":"S","seq":1,"total":3}"#,
            r#"{"error":"full","stream":"S","seq":0}"#,
            r#"{"stream":"","seq":1}"#,
        ] {
            assert_eq!(stream_of(reply.as_bytes()), None, "{reply}");
        }
    }
}
