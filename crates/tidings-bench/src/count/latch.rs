//! Waiting for so many messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts messages down; whoever waits is woken once, by the last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latch(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    left: AtomicUsize,
    none_left: Notify,
}

impl Latch {
    /// Expects so many.
    pub(crate) fn expect(&self, count: usize) {
        self.0.left.store(count, Ordering::Relaxed);
    }

    /// Counts one that has come.
    pub(crate) fn arrived(&self) {
        if self.0.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.none_left.notify_one();
        }
    }

    /// Waits until all have come.
    pub(crate) async fn none_left(&self) {
        self.0.none_left.notified().await;
    }
}
