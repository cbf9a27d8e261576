//! Sizes as a nats-server counts them, and what it says in JSON.

use serde_json::json;

use crate::header::Headers;
use crate::publish_ack::PublishAck;
use crate::stream::Storage;
use crate::transport::ApiError;

/// The size that a message counts for in a stream.
pub(super) fn stored_len(
    storage: Storage,
    subject: &str,
    headers: &Headers,
    payload: &[u8],
) -> u64 {
    let headers = headers.wire_len();
    let content = subject.len() + headers + payload.len();
    let overhead = match storage {
        // Sequence and time.
        Storage::Memory => 16,
        // Lengths, sequence, time and hash of a record.
        Storage::File => 30 + if headers > 0 { 4 } else { 0 },
    };
    (content + overhead) as u64
}

/// A stream's answer to whoever published with a reply subject.
pub(super) fn publish_reply(stream: &str, stored: &Result<PublishAck, ApiError>) -> String {
    match stored {
        // A server writes no JSON of any other order, and a space there.
        Ok(ack) => {
            let duplicate = if ack.duplicate { ",\"duplicate\": true" } else { "" };
            format!(r#"{{"stream":{}, "seq":{}{duplicate}}}"#, json!(stream), ack.sequence)
        }
        Err(error) => {
            let error = json!({
                "code": error.status,
                "err_code": error.code,
                "description": error.description,
            });
            format!(r#"{{"error":{error},"stream":{},"seq":0}}"#, json!(stream))
        }
    }
}
