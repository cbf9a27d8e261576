//! Durable consumers as a service declares them.

use std::fmt;

use serde_json::{Value, json};

/// A durable consumer as it is declared: its stream, and the policies that it asks of a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct DurableConsumer {
    /// The durable name.
    pub name: String,
    /// The stream.
    pub stream: String,
    /// The acks that it takes.
    pub ack_policy: AckPolicy,
    /// Time that the server waits for an ack before it delivers again, in milliseconds, rounded up;
    /// the default is 30,000.
    pub ack_wait_ms: u64,
    /// Number of times that the handler tries a message before it becomes a dead letter; `None` is
    /// without end.
    pub attempts: Option<u64>,
    /// The waits between deliveries, in milliseconds, rounded up; empty where the ack wait is all.
    pub backoff_ms: Vec<u64>,
    /// Position in the stream at which a new one begins; one that is there goes on where it stands.
    pub deliver_policy: DeliverPolicy,
    /// The stream of its dead letters.
    pub dead_letters: Option<String>,
    /// Largest number of messages that may be unsettled at a time; `None` is the server's default.
    pub max_ack_pending: Option<u64>,
    /// Number of times that the server delivers a message; `None` is without end.
    pub max_deliver: Option<u64>,
}

/// Acks that a consumer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AckPolicy {
    /// An ack for each message.
    Explicit,
    /// An ack for a message and all before it.
    All,
}

impl AckPolicy {
    pub(super) const ALL: [Self; 2] = [Self::Explicit, Self::All];
}

impl fmt::Display for AckPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Explicit => "explicit",
            Self::All => "all",
        })
    }
}

/// Position in a stream at which a new consumer begins.
///
/// Where it is a sequence or a time, that is not said: it may be another at each run of a program, and a catalog
/// is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DeliverPolicy {
    /// The first message that is kept.
    All,
    /// A message by its sequence.
    ByStartSequence,
    /// The first message since a time.
    ByStartTime,
    /// The last message of each subject.
    LastPerSubject,
    /// Messages that are stored from then on.
    New,
}

impl DeliverPolicy {
    pub(super) const ALL: [Self; 5] =
        [Self::All, Self::ByStartSequence, Self::ByStartTime, Self::LastPerSubject, Self::New];
}

/// The name that NATS has for it, such as `last_per_subject`.
impl fmt::Display for DeliverPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::ByStartSequence => "by_start_sequence",
            Self::ByStartTime => "by_start_time",
            Self::LastPerSubject => "last_per_subject",
            Self::New => "new",
        })
    }
}

impl DurableConsumer {
    /// A consumer of this durable name and stream, with a server's defaults.
    pub fn new(name: impl Into<String>, stream: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            stream: stream.into(),
            ack_policy: AckPolicy::Explicit,
            ack_wait_ms: 30_000,
            attempts: None,
            backoff_ms: Vec::new(),
            deliver_policy: DeliverPolicy::All,
            dead_letters: None,
            max_ack_pending: None,
            max_deliver: None,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut value = json!({
            "name": self.name,
            "stream": self.stream,
            "ack_policy": self.ack_policy.to_string(),
            "ack_wait_ms": self.ack_wait_ms,
        });
        let numbers = [
            ("attempts", self.attempts),
            ("max_ack_pending", self.max_ack_pending),
            ("max_deliver", self.max_deliver),
        ];
        for (key, number) in numbers {
            if let Some(number) = number {
                value[key] = number.into();
            }
        }
        if !self.backoff_ms.is_empty() {
            value["backoff_ms"] = self.backoff_ms.clone().into();
        }
        // Folders that were written before consumers had one say nothing of it.
        if self.deliver_policy != DeliverPolicy::All {
            value["deliver_policy"] = self.deliver_policy.to_string().into();
        }
        if let Some(letters) = &self.dead_letters {
            value["dead_letters"] = letters.as_str().into();
        }
        value
    }
}
