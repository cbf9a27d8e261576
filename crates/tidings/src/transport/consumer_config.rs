//! Configuration of a consumer.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::subject::Subject;
use crate::timestamp;

/// A durable pull consumer, whose deliveries are acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsumerConfig {
    pub(crate) name: String,
    /// Empty: all subjects of the stream.
    pub(crate) filters: Vec<Subject>,
    pub(crate) from: DeliverFrom,
    pub(crate) acks: AckPolicy,
    /// Maximum time that a delivery may stay unsettled. A server makes it the first of `backoff`,
    /// if there is one.
    pub(crate) ack_wait: Duration,
    /// Maximum time that the first delivery of a message may stay unsettled, then that of the
    /// second, and so on; the last is for all that follow. Empty: the ack wait, for each. No more
    /// of them than `max_deliver`, where that is limited.
    ///
    /// Progress starts the wait of that delivery anew. A nak does not ask it: its message comes
    /// again after the nak's own time, on both transports.
    pub(crate) backoff: Vec<Duration>,
    /// Maximum number of deliveries of one message; `None` is without limit.
    pub(crate) max_deliver: Option<u64>,
    /// Maximum number of unacknowledged messages at a time; `None` is without limit.
    pub(crate) max_ack_pending: Option<u64>,
    /// Notes by name; what others wrote beside ours stays, and what the server writes is left out.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Traits of a consumer that was found and none made here can have; they are never written.
    pub(crate) foreign: Vec<Foreign>,
}

/// A trait of a consumer that somebody else made, with which nothing here can work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Name of the field, as NATS has it.
    pub(crate) field: &'static str,
    /// Value that consumers made here have.
    pub(crate) ours: &'static str,
    pub(crate) theirs: String,
}

impl ConsumerConfig {
    /// A consumer of all that a stream has, with the server's defaults.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            filters: Vec::new(),
            from: DeliverFrom::Beginning,
            acks: AckPolicy::Explicit,
            ack_wait: Duration::from_secs(30),
            backoff: Vec::new(),
            max_deliver: None,
            max_ack_pending: None,
            metadata: BTreeMap::new(),
            foreign: Vec::new(),
        }
    }

    /// Maximum time that this delivery of a message may stay unsettled; the first is 1.
    pub(crate) fn wait_of(&self, attempt: u64) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        self.backoff.get(index).or(self.backoff.last()).copied().unwrap_or(self.ack_wait)
    }
}

/// Meaning of an ack; it can't be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AckPolicy {
    /// An ack says that its message is done.
    Explicit,
    /// An ack says that its message is done, and each of a lower sequence, as long as the number of its
    /// delivery is higher than that of the ack before. A termination says the same.
    All,
}

impl AckPolicy {
    /// Name of the policy, as NATS has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::All => "all",
        }
    }
}

/// The position in a stream at which a replay or a new durable consumer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliverFrom {
    /// The first message that is kept.
    Beginning,
    /// The message with this sequence, or the first one after it.
    ///
    /// Where a stream keeps messages by interest, start no later than behind its last one: as a
    /// consumer that did goes, while there is another such, a server (2.15.1) can purge the stream.
    Sequence(u64),
    /// The first message stored at or after this time.
    Time(SystemTime),
    /// The last message of each subject, and then all that follow. Where the consumer of a replay
    /// is lost meanwhile, one of those that has been replaced by then may be left out.
    LastPerSubject,
    /// The first message stored from now on.
    New,
}

/// `the beginning`, `sequence 7`, `2026-01-01T00:00:00Z`, `the last message of each subject`, `now on`
impl fmt::Display for DeliverFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => f.write_str("the beginning"),
            Self::Sequence(sequence) => write!(f, "sequence {sequence}"),
            Self::Time(time) => match timestamp::write(*time) {
                Some(time) => f.write_str(&time),
                None => write!(f, "{time:?}"),
            },
            Self::LastPerSubject => f.write_str("the last message of each subject"),
            Self::New => f.write_str("now on"),
        }
    }
}
