//! Error of decoding a message.

use bytes::Bytes;

/// A message's payload or header does not say what its type declares. The bytes are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The payload is no JSON of the declared type.
    #[error("the payload on `{subject}` is no `{name}.v{version}`: {source}")]
    Payload {
        /// The wire name that was expected.
        name: &'static str,
        /// The version that was expected.
        version: u32,
        /// Subject that it came on.
        subject: String,
        /// The received data, as it came.
        payload: Bytes,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// The message is another one, or another version: its header says so, or its subject is none
    /// that the expected type declares.
    #[error("the message on `{subject}` is {}, not `{expected}`", text_of(found, expected))]
    OtherMessage {
        /// Subject that it came on.
        subject: String,
        /// Every name and version that was expected.
        expected: String,
        /// The message's own word, in `Tidings-Message`; empty where it carries none, and is
        /// known to be another by its subject alone.
        found: String,
        /// The received data, as it came.
        payload: Bytes,
    },
}

impl DecodeError {
    /// The bytes that were received.
    pub fn payload(&self) -> &Bytes {
        match self {
            Self::Payload { payload, .. } | Self::OtherMessage { payload, .. } => payload,
        }
    }

    /// Returns `true` if the message is not this type's at all, so that somebody else may know it.
    pub(crate) fn is_of_another(&self) -> bool {
        matches!(self, Self::OtherMessage { .. })
    }
}

/// Words for what a message says of itself, by its header or by its subject.
fn text_of(found: &str, expected: &str) -> String {
    match found {
        "" => "another one by its subject".to_owned(),
        found if expected.split(", ").any(|tag| tag == found) => {
            format!("`{found}` on a subject of another one")
        }
        found => format!("`{found}` (header `Tidings-Message`)"),
    }
}
