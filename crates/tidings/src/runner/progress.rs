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
    /// For how long after a handler began.
    pub(super) limit: Duration,
}

impl Progress {
    /// Tells of these messages, which came together, for as long as it may; never ends.
    pub(super) async fn report(&self, all: &[&Taken]) -> Infallible {
        let told = all.iter().map(|taken| taken.told).min();
        let is_settled = all.iter().any(|taken| taken.incoming.settle.is_some());
        if let Some(told) = told
            && is_settled
            && !self.limit.is_zero()
        {
            let limit = Instant::now().checked_add(self.limit);
            let mut next = told + self.every;
            while limit.is_none_or(|limit| next <= limit) {
                sleep_until(next).await;
                for taken in all {
                    tell(taken).await;
                }
                next = Instant::now() + self.every;
            }
            let limit = self.limit;
            tracing::warn!(
                ?limit,
                "a handler is at work for so long that its message may come again"
            );
        }
        pending().await
    }
}

async fn tell(taken: &Taken) {
    if let Some(settle) = &taken.incoming.settle
        && let Err(fault) = settle.send(Settlement::Progress).await
    {
        let subject = taken.incoming.subject.as_str();
        tracing::debug!(subject, %fault, "the server can't be told of progress");
    }
}
