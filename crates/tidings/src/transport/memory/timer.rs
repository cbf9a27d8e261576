//! The one task that wakes the broker when an alarm is due.
//!
//! Whoever calls the broker catches up with the alarms that are due, so nothing is ever seen too
//! late. The task is for what nobody calls for: an advisory about a message whose consumer went
//! away, a scheduled message, a redelivery to a pull that waits.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Something that is called when it is due.
pub(super) trait Timed: Send + Sync + 'static {
    /// Does what became due, and says when there is more to do.
    fn catch_up(self: &Arc<Self>) -> Option<Instant>;
}

#[derive(Debug, Default)]
pub(super) struct Timer {
    at: Option<Instant>,
    changed: Arc<Notify>,
    task: Option<JoinHandle<()>>,
}

impl Timer {
    /// Has `timed` called at this time. There is no task until something is to happen later.
    pub(super) fn set<T: Timed>(&mut self, timed: &Arc<T>, at: Option<Instant>) {
        // A runtime that ended took the task with it.
        let alive = self.task.as_ref().is_some_and(|task| !task.is_finished());
        if alive && self.at != at {
            self.changed.notify_one();
        } else if !alive && at.is_some() {
            // Without a runtime there is nobody who could wait for it either.
            let run = run(Arc::downgrade(timed), Arc::clone(&self.changed));
            self.task = Handle::try_current().ok().map(|runtime| runtime.spawn(run));
        }
        self.at = at;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn run<T: Timed>(timed: Weak<T>, changed: Arc<Notify>) {
    while let Some(timed) = timed.upgrade() {
        let next = timed.catch_up();
        drop(timed);
        match next {
            Some(at) => tokio::select! {
                () = sleep_until(at) => {}
                () = changed.notified() => {}
            },
            None => changed.notified().await,
        }
    }
}
