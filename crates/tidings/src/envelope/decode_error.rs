//! Error of decoding a message.

use std::fmt;

use bytes::Bytes;

use crate::cloud_event::CloudEventFault;
use crate::envelope::LargeEventError;
use crate::transport::Incoming;

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
        /// Subject of the message.
        subject: String,
        /// The received data, as it came.
        payload: Bytes,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// The payload breaks the schema of its type, which the route
    /// [validates](crate::Route::validate).
    #[error(
        "the payload on `{subject}` breaks the schema of `{name}.v{version}`: {}",
        list(violations)
    )]
    Invalid {
        /// The wire name that was expected.
        name: &'static str,
        /// The version that was expected.
        version: u32,
        /// Subject of the message.
        subject: String,
        /// The received data, as it came.
        payload: Bytes,
        /// The values at fault: the first of all, at most 8.
        violations: Box<[Violation]>,
    },
    /// The message is a CloudEvent that can't be read.
    #[error("the CloudEvent on `{subject}` can't be read: {source}")]
    CloudEvent {
        /// Subject of the message.
        subject: String,
        /// The received data, as it came.
        payload: Bytes,
        /// Problem with the CloudEvent.
        source: CloudEventFault,
    },
    /// The payload is too large for a message, and can't be read from the object that holds it.
    #[error("the large event on `{subject}` can't be read: {source}")]
    Large {
        /// Subject of the message.
        subject: String,
        /// The received data, as it came: nothing.
        payload: Bytes,
        /// Problem with the object.
        source: Box<LargeEventError>,
    },
    /// The message is another one, or another version: its header says so, or its subject is none
    /// that the expected type declares.
    #[error("the message on `{subject}` is {}, not `{expected}`", text_of(found, expected))]
    OtherMessage {
        /// Subject of the message.
        subject: String,
        /// Every name and version that was expected.
        expected: String,
        /// The message's own word, in `Tidings-Message` or a CloudEvent's `type`; empty where it
        /// carries none, and is known to be another by its subject alone.
        found: String,
        /// The received data, as it came.
        payload: Bytes,
    },
}

impl DecodeError {
    /// The bytes that were received.
    pub fn payload(&self) -> &Bytes {
        match self {
            Self::Payload { payload, .. }
            | Self::Invalid { payload, .. }
            | Self::CloudEvent { payload, .. }
            | Self::Large { payload, .. }
            | Self::OtherMessage { payload, .. } => payload,
        }
    }

    /// The payload is not in the message, nor where that says.
    pub(crate) fn large(incoming: &Incoming, source: LargeEventError) -> Self {
        let (subject, payload) = (incoming.subject.to_string(), incoming.payload.clone());
        Self::Large { subject, payload, source: Box::new(source) }
    }

    /// Returns `true` if the message is not this type's at all, so that somebody else may know it.
    pub(crate) fn is_of_another(&self) -> bool {
        matches!(self, Self::OtherMessage { .. })
    }
}

/// A value of a payload that its schema refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// JSON pointer (RFC 6901) to the value; empty for the whole payload. Names in it are the payload's own:
    /// control characters are escaped, and it is cut after 256 characters.
    pub pointer: String,
    /// The fault, in words that leave the value out; escaped and cut likewise.
    pub problem: String,
}

impl Violation {
    #[cfg(feature = "validation")]
    pub(crate) fn new(pointer: &str, problem: &str) -> Self {
        Self { pointer: shown(pointer), problem: shown(problem) }
    }
}

/// A text with others' words in it, escaped and cut.
#[cfg(feature = "validation")]
fn shown(text: &str) -> String {
    const MOST: usize = 256;
    let mut shown = String::new();
    for (position, c) in text.chars().enumerate() {
        if position == MOST {
            shown.push('…');
            break;
        }
        if c.is_control() {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.pointer {
            "" => write!(f, "as a whole, {}", self.problem),
            pointer => write!(f, "{pointer}: {}", self.problem),
        }
    }
}

fn list(violations: &[Violation]) -> String {
    let each: Vec<String> = violations.iter().map(Violation::to_string).collect();
    each.join("; ")
}

/// Words for what a message says of itself, by its header or by its subject.
fn text_of(found: &str, expected: &str) -> String {
    match found {
        "" => "another one by its subject".to_owned(),
        found if expected.split(", ").any(|tag| tag == found) => {
            format!("`{found}` on a subject of another one")
        }
        found => format!("`{found}` (header `Tidings-Message`, or `type` of a CloudEvent)"),
    }
}
