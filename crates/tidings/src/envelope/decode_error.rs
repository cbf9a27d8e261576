//! What arrived is not what was declared.

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
        /// Where it came from.
        subject: String,
        /// What was received.
        payload: Bytes,
        /// What serde says.
        source: serde_json::Error,
    },
    /// The message says that it is another one, or another version.
    #[error("the message on `{subject}` is `{found}`, not `{expected}` (header `Tidings-Message`)")]
    OtherMessage {
        /// Where it came from.
        subject: String,
        /// Every name and version that was expected.
        expected: String,
        /// What the message says of itself.
        found: String,
        /// What was received.
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
}
