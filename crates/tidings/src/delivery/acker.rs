//! Settling a delivery, apart from its event.

use std::time::Duration;

use crate::traces::SettlingByHand;
use crate::transport::{Denial, Fault, Outage, Settle, Settlement, SettlementReason};

/// Maximum time that a confirmed ack may take.
const CONFIRM: Duration = Duration::from_secs(5);

/// Settles one durable delivery; what is never settled comes again after the ack wait.
#[derive(Debug)]
pub struct Acker {
    settle: Settle,
    settling: SettlingByHand,
}

impl Acker {
    pub(crate) fn new(settle: Settle, settling: SettlingByHand) -> Self {
        Self { settle, settling }
    }

    /// Acknowledges the message, as [`Delivery::ack`](crate::Delivery::ack).
    ///
    /// # Errors
    /// [`SettleError`]: the message comes again after the ack wait.
    pub async fn ack(self) -> Result<(), SettleError> {
        self.finish(SettlementReason::Handled).await
    }

    /// Acknowledges the message and waits for the server's confirmation, as
    /// [`Delivery::ack_confirmed`](crate::Delivery::ack_confirmed).
    ///
    /// # Errors
    /// [`SettleError`]: the message may come again after the ack wait.
    pub async fn ack_confirmed(self) -> Result<(), SettleError> {
        let settlement = Settlement::of(SettlementReason::Handled);
        let span = self.settling.begin(&settlement);
        let sent = self.settle.confirm(settlement, CONFIRM).await;
        span.end(&sent);
        sent.map_err(SettleError::from)
    }

    /// Gives the message back, as [`Delivery::nak`](crate::Delivery::nak).
    ///
    /// # Errors
    /// [`SettleError`]: the message comes again after the ack wait.
    pub async fn nak(self, delay: Option<Duration>) -> Result<(), SettleError> {
        self.finish(SettlementReason::GivenBack(delay)).await
    }

    /// Starts the ack wait anew, as [`Delivery::progress`](crate::Delivery::progress).
    ///
    /// # Errors
    /// [`SettleError`]: the message comes again after the ack wait.
    pub async fn progress(&self) -> Result<(), SettleError> {
        self.settle
            .send(Settlement::of(SettlementReason::InFlight))
            .await
            .map_err(SettleError::from)
    }

    /// Rejects the message, as [`Delivery::reject`](crate::Delivery::reject).
    ///
    /// # Errors
    /// [`SettleError`]: the message comes again after the ack wait.
    pub async fn reject(self, reason: &str) -> Result<(), SettleError> {
        self.finish(SettlementReason::GivenUp(reason)).await
    }

    /// Settles it, as the last word on the message.
    async fn finish(self, reason: SettlementReason<'_>) -> Result<(), SettleError> {
        let settlement = Settlement::of(reason);
        let span = self.settling.begin(&settlement);
        let sent = self.settle.finish(settlement).await;
        span.end(&sent);
        sent.map_err(SettleError::from)
    }
}

/// A delivery could not be settled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The server did not confirm in time.
    #[error("the server did not confirm within {CONFIRM:?}")]
    Unconfirmed,
    /// The connection was away in that time, or is gone for good: the message comes again, unless the server
    /// has it settled.
    #[error("the message can't be settled: {0}")]
    Disconnected(#[source] Outage),
    /// The server does not allow it: the message comes again.
    #[error("the message can't be settled: {0}")]
    Denied(#[source] Denial),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("the message can't be settled")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<Fault> for SettleError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Timeout => Self::Unconfirmed,
            Fault::Away(outage) => Self::Disconnected(outage),
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client(source),
            other => Self::Client(other.into()),
        }
    }
}
