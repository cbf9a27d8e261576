//! Counters of a consumer's messages that no handler got, or that asked in vain for what only a
//! redrive may ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of skipped and of unwarranted messages; clones are the same counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct SkipCounters(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    skipped: AtomicU64,
    unwarranted: AtomicU64,
}

impl SkipCounters {
    /// Number of messages that were acknowledged and passed over.
    pub(crate) fn skipped(&self) -> u64 {
        self.0.skipped.load(Ordering::Relaxed)
    }

    /// Number of messages with headers of a redrive that were not believed.
    pub(crate) fn unwarranted(&self) -> u64 {
        self.0.unwarranted.load(Ordering::Relaxed)
    }

    /// Counts one more that is acknowledged and passed over.
    pub(crate) fn count_skipped(&self, subject: &str) {
        self.0.skipped.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(
            subject,
            "a message is passed over: it is for another consumer, or no event"
        );
    }

    /// Counts one more that is not believed, and warns with one line for each power of two: a flood
    /// of messages makes no flood of warnings.
    pub(crate) fn count_unwarranted(&self, subject: &str) {
        let unwarranted = self.0.unwarranted.fetch_add(1, Ordering::Relaxed) + 1;
        if unwarranted.is_power_of_two() {
            tracing::warn!(
                subject,
                unwarranted,
                "a message has headers of a redrive which no redrive has signed; they are ignored"
            );
        }
    }
}
