//! Consumers of a stream: how one is configured, and the flow of what it delivers.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use futures_util::Stream;

use crate::subject::Subject;
use crate::transport::{Fault, Incoming, memory, nats};

/// A durable pull consumer with explicit acks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsumerConfig {
    pub(crate) name: String,
    /// Empty: all subjects of the stream.
    pub(crate) filters: Vec<Subject>,
    pub(crate) from: DeliverFrom,
    pub(crate) ack_wait: Duration,
    /// How often one message is delivered at most; `None` is without end.
    pub(crate) max_deliver: Option<u64>,
    /// How many messages may be unacknowledged at a time; `None` is without limit.
    pub(crate) max_ack_pending: Option<u64>,
}

/// Where in a stream a consumer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliverFrom {
    Beginning,
    Sequence(u64),
    Time(SystemTime),
    LastPerSubject,
    New,
}

/// What a consumer delivers, until it is dropped. It ends only when the bus is closed; a fault is
/// reported and the flow goes on where it can.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each consumer, and it never moves")]
pub(crate) enum Pull {
    Nats(nats::NatsPull),
    NatsOrdered(nats::NatsOrdered),
    Memory(memory::MemoryPull),
}

impl Pull {
    /// Ends the flow, and gives back what a durable consumer delivered and nobody took.
    pub(crate) async fn end(self) -> Vec<Incoming> {
        match self {
            Self::Nats(pull) => pull.end().await,
            // Nothing is acknowledged in a replay, and in memory nothing is on the way.
            Self::NatsOrdered(_) | Self::Memory(_) => Vec::new(),
        }
    }
}

impl Stream for Pull {
    type Item = Result<Incoming, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.get_mut() {
            Self::Nats(pull) => Pin::new(pull).poll_next(cx),
            Self::NatsOrdered(pull) => Pin::new(pull).poll_next(cx),
            Self::Memory(pull) => Pin::new(pull).poll_next(cx),
        }
    }
}
