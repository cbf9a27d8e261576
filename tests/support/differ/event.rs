//! The messages of all sessions.

use tidings::prelude::*;

/// The stream of a session; how it is configured is the session's.
#[derive(Debug, EventStream)]
#[stream(name = "DIFFER", subjects("differ.>"))]
pub(super) struct Differ;

/// An event of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "differ.{kind}.told", stream = Differ)]
pub(super) struct Told {
    pub(super) kind: String,
    pub(super) text: String,
}

/// An event that no stream keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "whispers.heard")]
pub(super) struct Heard {
    pub(super) number: u32,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "doubts.raised", reply = u32, error = Doubt)]
pub(super) struct RaiseDoubt {
    pub(super) number: u32,
}

/// Reason why a request is declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{number} is odd")]
pub(super) struct Doubt {
    pub(super) number: u32,
}
