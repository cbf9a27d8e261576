//! Settling a delivered message.

use std::time::Duration;

#[cfg(feature = "memory")]
use crate::transport::memory::MemorySettle;
use crate::transport::nats::NatsSettle;
use crate::transport::on::on;
use crate::transport::{Fault, Settlement, SettlementReason};

/// The way back to whoever delivered a message.
#[derive(Debug, Clone)]
pub(crate) enum Settle {
    Nats(NatsSettle),
    #[cfg(feature = "memory")]
    Memory(MemorySettle),
}

impl Settle {
    /// Says what becomes of the message; `Ok` means handed over to the connection.
    pub(crate) async fn send(&self, settlement: Settlement) -> Result<(), Fault> {
        match self {
            Self::Nats(settle) => settle.send(settlement).await,
            #[cfg(feature = "memory")]
            Self::Memory(settle) => settle.send(settlement),
        }
    }

    /// Settles for this reason without waiting, where that is an ack. `None` where it is none, or
    /// where there is no room for it now: nothing has happened, and [`send`](Self::send) is to be
    /// awaited.
    #[inline]
    pub(crate) fn ack_at_once(&self, reason: SettlementReason<'_>) -> Option<Result<(), Fault>> {
        let settlement = Settlement::of(reason);
        if !settlement.is_ack() {
            return None;
        }
        match self {
            Self::Nats(settle) => settle.ack_at_once(),
            #[cfg(feature = "memory")]
            Self::Memory(settle) => Some(settle.send(settlement)),
        }
    }

    /// Settles as [`send`](Self::send) does, as the last word on the message: nothing is kept of
    /// the way back.
    pub(crate) async fn finish(self, settlement: Settlement) -> Result<(), Fault> {
        match self {
            Self::Nats(settle) => settle.finish(settlement).await,
            #[cfg(feature = "memory")]
            Self::Memory(settle) => settle.send(settlement),
        }
    }

    /// The number of the delivery, among all of its consumer.
    pub(crate) fn delivery(&self) -> u64 {
        on!(self, settle => settle.delivery())
    }

    /// The way back for the message of this sequence, as if it had come with the delivery of this
    /// number: where an ack is to cover messages that came again, out of their order.
    pub(crate) fn covering(&self, sequence: u64, delivery: u64) -> Self {
        match self {
            Self::Nats(settle) => Self::Nats(settle.covering(sequence, delivery)),
            #[cfg(feature = "memory")]
            Self::Memory(settle) => Self::Memory(settle.covering(sequence, delivery)),
        }
    }

    /// Settles, and waits until the server has taken it.
    pub(crate) async fn confirm(
        &self,
        settlement: Settlement,
        within: Duration,
    ) -> Result<(), Fault> {
        match self {
            Self::Nats(settle) => settle.confirm(settlement, within).await,
            #[cfg(feature = "memory")]
            Self::Memory(settle) => settle.send(settlement),
        }
    }
}
