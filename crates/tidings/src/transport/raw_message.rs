//! A message without its type.

use std::time::SystemTime;

use bytes::Bytes;

use super::{Incoming, StoredHeaders, StoredMessage};
use crate::header::Headers;
use crate::subject::Subject;

/// A message without its type: its subject, its headers and its bytes, as they came or are stored.
///
/// For audits, bridges and tails, which take whatever there is. [`decode`](Self::decode) reads one as a
/// type.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RawMessage {
    /// The subject on which the message was published.
    pub subject: Subject,
    /// Subject on which the sender expects an answer, of a message that was listened to.
    pub reply: Option<Subject>,
    /// The headers, all of them, with those of NATS and Tidings.
    pub headers: Headers,
    /// The payload, as it is.
    pub payload: Bytes,
    /// The place in its stream, of a message that was read there.
    pub sequence: Option<u64>,
    /// The time at which its stream stored it, of a message that was read there.
    pub stored_at: Option<SystemTime>,
    /// The whole header block where no client can read it; [`headers`](Self::headers) is empty then.
    pub unreadable_headers: Option<Bytes>,
}

impl RawMessage {
    /// The `Nats-Msg-Id`, by which a stream knows it again.
    pub fn message_id(&self) -> Option<&str> {
        self.headers.get(crate::header::MESSAGE_ID)
    }

    /// A message that was listened to.
    pub(crate) fn listened(incoming: Incoming) -> Self {
        let Incoming { subject, reply, headers, payload, .. } = incoming;
        let headers = (*headers).clone();
        Self {
            subject,
            reply,
            headers,
            payload,
            sequence: None,
            stored_at: None,
            unreadable_headers: None,
        }
    }

    /// A message that its stream has.
    pub(crate) fn stored(message: StoredMessage) -> Self {
        let StoredMessage { subject, sequence, stored_at, headers, payload } = message;
        let (headers, unreadable_headers) = match headers {
            StoredHeaders::Read(headers) => (headers, None),
            StoredHeaders::Unreadable(block) => (Headers::new(), Some(block)),
        };
        Self {
            subject,
            reply: None,
            headers,
            payload,
            sequence: Some(sequence),
            stored_at: Some(stored_at),
            unreadable_headers,
        }
    }
}
