//! Reason why a message is put aside.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

/// Reason why a message was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadLetterReason {
    /// The handler said that no retry will help: `rejected`.
    Rejected,
    /// The payload is not what its type declares, or no instance knew the message: `undecodable`.
    Undecodable,
    /// All attempts of the retry policy are used up, and the last one failed: `attempts`.
    Attempts,
    /// The retry policy's time is over: `elapsed`.
    Elapsed,
    /// The last attempt was never settled, because its process died or hung: `deliveries`. Whoever
    /// gets the message next puts it aside without handling it; where nobody does, the server's
    /// word does, once it has delivered the message 20 times more than there are attempts.
    Deliveries,
    /// The header block, or the subject, is one that clients can't read: `unreadable`.
    Unreadable,
    /// A word of another version or another program.
    Other(String),
}

impl DeadLetterReason {
    /// The word that stands in the letter.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Rejected => "rejected",
            Self::Undecodable => "undecodable",
            Self::Attempts => "attempts",
            Self::Elapsed => "elapsed",
            Self::Deliveries => "deliveries",
            Self::Unreadable => "unreadable",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for DeadLetterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeadLetterReason {
    type Err = Infallible;

    /// Reads the word; one that is not known is [`Other`](Self::Other).
    fn from_str(word: &str) -> Result<Self, Infallible> {
        Ok(match word {
            "rejected" => Self::Rejected,
            "undecodable" => Self::Undecodable,
            "attempts" => Self::Attempts,
            "elapsed" => Self::Elapsed,
            "deliveries" => Self::Deliveries,
            "unreadable" => Self::Unreadable,
            other => Self::Other(other.to_owned()),
        })
    }
}

/// Facts of the failure, beside the message itself.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub(crate) reason: DeadLetterReason,
    /// The last error with its sources, as it is.
    pub(crate) error: String,
    /// Number of attempts at the message.
    pub(crate) attempts: u64,
    /// Time of the first failure; `None` where nobody saw one.
    pub(crate) first_failed_at: Option<SystemTime>,
    pub(crate) last_failed_at: SystemTime,
}
