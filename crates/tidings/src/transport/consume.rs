//! Consuming a stream: the flow of a consumer's deliveries.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use crate::subject::Subject;
use crate::transport::delivery_filter::DeliveryFilter;
#[cfg(feature = "memory")]
use crate::transport::memory::MemoryPull;
use crate::transport::nats::{NatsOrdered, NatsPull};
use crate::transport::{DeliverFrom, Fault, Incoming, PollInto, Reach, SkipCounters, Transport};

impl Transport {
    /// Pulls from a durable consumer, never holding more than `prefetch` messages.
    pub(crate) async fn pull(
        &self,
        stream: &str,
        consumer: &str,
        prefetch: usize,
    ) -> Result<Pull, Fault> {
        match self {
            Self::Nats(t) => {
                let pull = t.pull(stream, consumer, prefetch).await?;
                Ok(Pull::nats(pull, self))
            }
            #[cfg(feature = "memory")]
            Self::Memory(t) => {
                let pull = t.pull(stream, consumer, prefetch)?;
                Ok(Pull::memory(pull, self))
            }
        }
    }

    /// Reads a stream in order, without acknowledging, and goes on as messages arrive. It never
    /// holds more than `prefetch` messages.
    pub(crate) async fn replay(
        &self,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
        prefetch: usize,
    ) -> Result<Pull, Fault> {
        let from = self.start(stream, &filters, from).await?;
        match self {
            Self::Nats(t) => {
                let replay = t.replay(stream, filters, from, prefetch).await?;
                Ok(Pull::ordered(replay, self))
            }
            #[cfg(feature = "memory")]
            Self::Memory(t) => {
                let replay = t.replay(stream, filters, from)?;
                Ok(Pull::memory(replay, self))
            }
        }
    }
}

/// Deliveries of a consumer, until it is dropped. It ends only when the bus is closed; a fault is
/// reported and the flow goes on where it can.
#[derive(Debug)]
pub(crate) enum Pull {
    Nats(DeliveryFilter<NatsPull>),
    NatsOrdered(DeliveryFilter<NatsOrdered>),
    #[cfg(feature = "memory")]
    Memory(DeliveryFilter<MemoryPull>),
}

impl Pull {
    fn nats(pull: NatsPull, of: &Transport) -> Self {
        let all = pull.acks_all();
        Self::Nats(DeliveryFilter::new(pull, all, of))
    }

    fn ordered(replay: NatsOrdered, of: &Transport) -> Self {
        Self::NatsOrdered(DeliveryFilter::new(replay, false, of))
    }

    #[cfg(feature = "memory")]
    fn memory(pull: MemoryPull, of: &Transport) -> Self {
        let all = pull.acks_all();
        #[cfg(feature = "memory")]
        Self::Memory(DeliveryFilter::new(pull, all, of))
    }

    /// Counts there, from now on, what is passed over or not believed.
    pub(crate) fn count_in(&mut self, skip_counters: SkipCounters) {
        match self {
            Self::Nats(pull) => pull.skip_counters = skip_counters,
            Self::NatsOrdered(pull) => pull.skip_counters = skip_counters,
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.skip_counters = skip_counters,
        }
    }

    /// Counters of messages that were passed over, or whose headers were not believed.
    pub(crate) fn skip_counters(&self) -> &SkipCounters {
        match self {
            Self::Nats(pull) => &pull.skip_counters,
            Self::NatsOrdered(pull) => &pull.skip_counters,
            #[cfg(feature = "memory")]
            Self::Memory(pull) => &pull.skip_counters,
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

    /// Sets the maximum number of messages that are on the way, or here and not yielded. Until it
    /// is called, that is what the pull was opened with.
    pub(crate) fn set_room(&mut self, room: usize) {
        match self {
            Self::Nats(pull) => pull.flow.set_room(room),
            Self::NatsOrdered(pull) => pull.flow.set_room(room),
            // Nothing is on the way in memory.
            #[cfg(feature = "memory")]
            Self::Memory(_) => {}
        }
    }

    /// Sets the number of deliveries of a durable consumer before the first that is to come.
    pub(crate) fn begin_behind(&mut self, number: u64) {
        match self {
            Self::Nats(pull) => pull.flow.begin_behind(number),
            Self::NatsOrdered(_) => {}
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.flow.begin_behind(number),
        }
    }

    /// Number and sequence of a durable consumer's last deliveries; `None` for an ordered consumer.
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

    /// Returns `true` if a heartbeat of the consumer has come since the last call.
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
