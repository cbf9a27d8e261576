//! Word to a server of a message that is here and not settled: that it is in good hands.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::time::sleep;

use crate::transport::{Settle, Settlement, SettlementReason};

/// Intervals at which a server is told of a message that is here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Time without a word after which it is told.
    pub(crate) every: Duration,
    /// Time after a handler began for which it is told.
    pub(crate) limit: Duration,
}

impl Progress {
    /// Tells of a message that can't be put aside yet; never ends.
    pub(crate) async fn report(&self, settle: Option<&Settle>) -> Infallible {
        if let Some(settle) = settle {
            loop {
                sleep(self.every).await;
                let in_flight = Settlement::of(SettlementReason::InFlight);
                if let Err(fault) = settle.send(in_flight).await {
                    tracing::debug!(%fault, "the server can't be told of progress");
                }
            }
        }
        pending().await
    }
}
