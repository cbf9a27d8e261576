//! Losses of a core subscription: counted, and never silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::transport::announcer::Announcer;
use crate::transport::connection_event::{ConnectionEventKind, ConnectionRole};
use crate::user_code::log;

/// Counters of the messages that were dropped for want of room, and of the times that the
/// subscription was without a connection; clones are the same counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dropped(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    dropped: AtomicU64,
    interruptions: AtomicU64,
    /// Announcer of messages that were dropped.
    announcer: Option<Announcer>,
}

impl Dropped {
    /// Counters of which the bus's listeners are told.
    pub(crate) fn announced(announcer: Announcer) -> Self {
        Self(Arc::new(Counters { announcer: Some(announcer), ..Counters::default() }))
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Number of times that the connection was lost and made again.
    pub(crate) fn interruptions(&self) -> u64 {
        self.0.interruptions.load(Ordering::Relaxed)
    }

    /// Returns `true` if nobody counts any more: the subscription has ended.
    pub(crate) fn is_final(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Counts one more message, and warns with one line for each power of two: a flood of messages
    /// makes no flood of warnings.
    pub(crate) fn one_more(&self, filter: &str) {
        let dropped = self.0.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(announcer) = &self.0.announcer {
            announcer.dropped();
        }
        if dropped.is_power_of_two() {
            log(|| tracing::warn!(filter, dropped, "slow consumer: messages were dropped"));
            if let Some(announcer) = &self.0.announcer {
                let filter = Some(filter.to_owned());
                let kind = ConnectionEventKind::SlowConsumer { filter, dropped };
                announcer.tell(kind, ConnectionRole::Listening, None);
            }
        }
    }

    /// Counts so many more losses of the connection. Who holds that says so.
    pub(crate) fn interrupted(&self, times: u64) {
        self.0.interruptions.fetch_add(times, Ordering::Relaxed);
    }
}
