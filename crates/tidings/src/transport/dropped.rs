//! Messages that a core subscription had no room for: counted, and never dropped silently.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::said::log;

/// How many messages were dropped; clones are the same counter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dropped(Arc<AtomicU64>);

impl Dropped {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether nobody counts any more: the subscription has ended.
    pub(crate) fn is_final(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Counts one more, and warns with one line for each power of two: a flood of messages makes
    /// no flood of warnings.
    pub(crate) fn one_more(&self, filter: &str) {
        let dropped = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        if dropped.is_power_of_two() {
            log(|| tracing::warn!(filter, dropped, "slow consumer: messages were dropped"));
        }
    }
}
