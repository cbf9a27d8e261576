//! Consumers of a stream: how one is configured, and the flow of what it delivers.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use futures_util::Stream;

use crate::subject::Subject;
use crate::transport::addressed::{Addressed, PollInto};
use crate::transport::{Fault, Incoming, Passed, Transport, nats};

/// A durable pull consumer, whose deliveries are acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsumerConfig {
    pub(crate) name: String,
    /// Empty: all subjects of the stream.
    pub(crate) filters: Vec<Subject>,
    pub(crate) from: DeliverFrom,
    pub(crate) acks: AckPolicy,
    /// How long a delivery may stay unsettled. A server makes it the first of `backoff`, if there
    /// is one.
    pub(crate) ack_wait: Duration,
    /// How long the first delivery of a message may stay unsettled, how long the second, and so
    /// on; the last is for all that follow. Empty: the ack wait, for each. No more of them than
    /// `max_deliver`, where that is limited.
    ///
    /// Progress starts the wait of that delivery anew. A nak does not ask it: its message comes
    /// again after the nak's own time, on both transports.
    pub(crate) backoff: Vec<Duration>,
    /// How often one message is delivered at most; `None` is without end.
    pub(crate) max_deliver: Option<u64>,
    /// How many messages may be unacknowledged at a time; `None` is without limit.
    pub(crate) max_ack_pending: Option<u64>,
    /// Notes by name; what others wrote beside ours stays, and what the server writes is left out.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Traits of a consumer that was found and none made here can have; they are never written.
    pub(crate) foreign: Vec<Foreign>,
}

/// A trait of a consumer that somebody else made, with which nothing here can work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// As NATS names it.
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

    /// How long this delivery of a message may stay unsettled; the first is 1.
    pub(crate) fn wait_of(&self, attempt: u64) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        self.backoff.get(index).or(self.backoff.last()).copied().unwrap_or(self.ack_wait)
    }
}

/// Meaning of an ack; it can't be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AckPolicy {
    /// Its message is done.
    Explicit,
    /// Its message is done, and each of a lower sequence, as long as the number of its delivery
    /// is higher than that of the ack before. A termination says the same.
    All,
}

impl AckPolicy {
    /// As NATS names it.
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

/// How far a flow of deliveries has come. A consumer gives each delivery a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The number of the last delivery that came.
    pub(crate) number: u64,
    /// The highest sequence of those that came; 0 where none did.
    pub(crate) sequence: u64,
    /// `true` if no number was left out: then all that the consumer delivered came here.
    pub(crate) is_whole: bool,
}

impl Reach {
    /// Of a flow that begins behind the delivery with this number.
    pub(crate) fn behind(number: u64) -> Self {
        Self { number, sequence: 0, is_whole: true }
    }

    /// A delivery has come.
    #[inline]
    pub(crate) fn pass(&mut self, number: u64, sequence: u64) {
        self.is_whole &= number == self.number + 1;
        self.number = number;
        self.sequence = self.sequence.max(sequence);
    }
}

/// Deliveries of a consumer, until it is dropped. It ends only when the bus is closed; a fault is
/// reported and the flow goes on where it can.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each consumer, and it never moves")]
pub(crate) enum Pull {
    Nats(Addressed<nats::NatsPull>),
    NatsOrdered(Addressed<nats::NatsOrdered>),
    #[cfg(feature = "memory")]
    Memory(Addressed<super::memory::MemoryPull>),
}

impl Pull {
    pub(super) fn nats(pull: nats::NatsPull, of: &Transport) -> Self {
        let all = pull.acks_all();
        Self::Nats(Addressed::new(pull, all, of))
    }

    pub(super) fn ordered(replay: nats::NatsOrdered, of: &Transport) -> Self {
        Self::NatsOrdered(Addressed::new(replay, false, of))
    }

    #[cfg(feature = "memory")]
    pub(super) fn memory(pull: super::memory::MemoryPull, of: &Transport) -> Self {
        let all = pull.acks_all();
        #[cfg(feature = "memory")]
        Self::Memory(Addressed::new(pull, all, of))
    }

    /// From now on what is passed over, or not believed, is counted there.
    pub(crate) fn count_in(&mut self, passed: Passed) {
        match self {
            Self::Nats(pull) => pull.passed = passed,
            Self::NatsOrdered(pull) => pull.passed = passed,
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.passed = passed,
        }
    }

    /// Counters of messages that were passed over, or whose headers were not believed.
    pub(crate) fn passed(&self) -> &Passed {
        match self {
            Self::Nats(pull) => &pull.passed,
            Self::NatsOrdered(pull) => &pull.passed,
            #[cfg(feature = "memory")]
            Self::Memory(pull) => &pull.passed,
        }
    }

    /// Returns `true` if it has a message of which it is not known yet who put it back.
    pub(crate) fn is_judging(&self) -> bool {
        match self {
            Self::Nats(pull) => pull.is_judging(),
            Self::NatsOrdered(pull) => pull.is_judging(),
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.is_judging(),
        }
    }

    /// How many more messages may be on the way, or here and not yielded. As long as it is not
    /// said otherwise, as many as the pull was opened for.
    pub(crate) fn set_room(&mut self, room: usize) {
        match self {
            Self::Nats(pull) => pull.flow.set_room(room),
            Self::NatsOrdered(pull) => pull.flow.set_room(room),
            // Nothing is on the way in memory.
            #[cfg(feature = "memory")]
            Self::Memory(_) => {}
        }
    }

    /// So many deliveries of a durable consumer went before the first that is to come.
    pub(crate) fn begin_behind(&mut self, number: u64) {
        match self {
            Self::Nats(pull) => pull.flow.begin_behind(number),
            Self::NatsOrdered(_) => {}
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.flow.begin_behind(number),
        }
    }

    /// How far a durable consumer's deliveries have come.
    pub(crate) fn reach(&self) -> Option<Reach> {
        match self {
            Self::Nats(pull) => Some(pull.flow.reach()),
            Self::NatsOrdered(_) => None,
            #[cfg(feature = "memory")]
            Self::Memory(pull) => Some(pull.flow.reach()),
        }
    }

    /// Returns `true` if messages may be on their way or here that were asked for.
    pub(crate) fn expects(&self) -> bool {
        match self {
            Self::Nats(pull) => pull.flow.expects(),
            Self::NatsOrdered(_) => false,
            #[cfg(feature = "memory")]
            Self::Memory(_) => false,
        }
    }

    /// Returns `true` if the consumer has answered since the last call, though with no message.
    pub(crate) fn has_heard(&mut self) -> bool {
        match self {
            Self::Nats(pull) => pull.flow.has_heard(),
            Self::NatsOrdered(_) => false,
            #[cfg(feature = "memory")]
            Self::Memory(_) => false,
        }
    }

    /// Ends the flow, and gives back what a durable consumer delivered and nobody took.
    pub(crate) async fn end(self) -> Vec<Incoming> {
        match self {
            Self::Nats(pull) => {
                let (flow, rest) = pull.end();
                rest.of(flow.end().await).await
            }
            // Nothing is on the way in memory.
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.end().1.of(Vec::new()).await,
            // Nothing is acknowledged in a replay.
            Self::NatsOrdered(_) => Vec::new(),
        }
    }
}

impl PollInto for Pull {
    #[inline]
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        match self {
            Self::Nats(pull) => pull.poll_into(cx, into),
            Self::NatsOrdered(pull) => pull.poll_into(cx, into),
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.poll_into(cx, into),
        }
    }
}

impl Stream for Pull {
    type Item = Result<Incoming, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_one(cx)
    }
}
