//! The messages of a stream that are being handled, for those who tell the server of them.
//!
//! A handler that blocks its thread can't tell by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::backlog::Taken;
use crate::transport::{Fault, Settle, Settlement};

/// What is being handled, by the number of its work.
#[derive(Debug, Default)]
pub(super) struct AtWork {
    works: BTreeMap<u64, Work>,
    next: u64,
}

#[derive(Debug)]
struct Work {
    settles: Vec<Settle>,
    begun: Instant,
    told: Instant,
}

impl AtWork {
    /// Messages begin to be handled together; `None` where there is nothing to tell of them.
    pub(super) fn begin(&mut self, messages: &[Taken], now: Instant) -> Option<u64> {
        let settles: Vec<_> =
            messages.iter().filter_map(|taken| taken.incoming.settle.clone()).collect();
        let told = messages.iter().map(|taken| taken.told).min()?;
        if settles.is_empty() {
            return None;
        }
        self.next += 1;
        self.works.insert(self.next, Work { settles, begun: now, told });
        Some(self.next)
    }

    /// They have been handled.
    pub(super) fn end(&mut self, work: Option<u64>) {
        if let Some(work) = work {
            self.works.remove(&work);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.works.is_empty()
    }

    /// Tells the server of what it was not told of since `before`, as long as that has not been
    /// handled for longer than `limit`.
    pub(super) async fn tell(
        &mut self,
        before: Instant,
        now: Instant,
        limit: Duration,
    ) -> Result<(), Fault> {
        for work in self.works.values_mut().filter(|work| work.told <= before) {
            let may_be_told = work.begun.checked_add(limit).is_none_or(|end| now <= end);
            if !limit.is_zero() && may_be_told {
                work.told = now;
                for settle in &work.settles {
                    settle.send(Settlement::Progress).await?;
                }
            }
        }
        Ok(())
    }
}
