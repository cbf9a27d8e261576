//! What a server is told of a message that is here and not settled: that it is in good hands.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::backlog::Taken;
use crate::transport::Settlement;

/// When a server is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// After how long without a word.
    pub(super) every: Duration,
    /// For how long after the message came.
    pub(super) limit: Duration,
}

impl Progress {
    /// Tells of one message, for as long as it may; never ends.
    pub(super) async fn report(&self, taken: &Taken) -> Infallible {
        let limit = taken.since.checked_add(self.limit);
        let mut next = taken.told + self.every;
        if let Some(settle) = &taken.incoming.settle
            && !self.limit.is_zero()
        {
            while limit.is_none_or(|limit| next <= limit) {
                sleep_until(next).await;
                if let Err(fault) = settle.send(Settlement::Progress).await {
                    let subject = taken.incoming.subject.as_str();
                    tracing::debug!(subject, %fault, "the server can't be told of progress");
                }
                next = Instant::now() + self.every;
            }
            let (subject, limit) = (taken.incoming.subject.as_str(), self.limit);
            tracing::warn!(
                subject,
                ?limit,
                "its handler is at work for so long that it may come again"
            );
        }
        pending().await
    }
}
