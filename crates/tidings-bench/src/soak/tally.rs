//! Counts of what was published and handled so far.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Counts; shared by everybody who publishes and handles.
#[derive(Debug, Default)]
pub(super) struct Tally {
    published: AtomicU64,
    handled: AtomicU64,
    again: AtomicU64,
    goal: AtomicU64,
    reached: Notify,
}

/// The counts of one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// Confirmed as stored.
    pub(super) published: u64,
    /// Handled, those included that came again.
    pub(super) handled: u64,
    /// Handled at another attempt than the first.
    pub(super) again: u64,
}

impl Tally {
    pub(super) fn published(&self, events: u64) {
        self.published.fetch_add(events, Ordering::Relaxed);
    }

    /// Counts one; its attempt counts from 1.
    pub(super) fn handled(&self, attempt: u64) {
        if attempt > 1 {
            self.again.fetch_add(1, Ordering::Relaxed);
        }
        let handled = self.handled.fetch_add(1, Ordering::SeqCst) + 1;
        let goal = self.goal.load(Ordering::SeqCst);
        if goal > 0 && handled >= goal {
            self.reached.notify_waiters();
        }
    }

    pub(super) fn now(&self) -> Counts {
        Counts {
            published: self.published.load(Ordering::Relaxed),
            handled: self.handled.load(Ordering::SeqCst),
            again: self.again.load(Ordering::Relaxed),
        }
    }

    /// Waits until so many were handled.
    pub(super) async fn until_handled(&self, goal: u64) {
        self.goal.store(goal, Ordering::SeqCst);
        loop {
            let reached = self.reached.notified();
            if self.now().handled >= goal {
                return;
            }
            reached.await;
        }
    }
}
