//! Settlement of a delivered message, as data.

use std::time::Duration;

/// Settlement of a delivered message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// Handled.
    Ack,
    /// Deliver it again, after this time.
    Nak(Option<Duration>),
    /// Still working: the ack wait starts anew.
    Progress,
    /// Never deliver it again; the reason goes into the server's advisory.
    Term(String),
}

/// The most of a reason that goes into the server's advisory, in characters.
const MOST_REASON: usize = 256;

impl Settlement {
    /// Gives a message up, for a reason of one line and bounded length, as the protocol takes it.
    pub(crate) fn term(reason: &str) -> Self {
        let line = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
        Self::Term(line.take(MOST_REASON).collect())
    }
}
