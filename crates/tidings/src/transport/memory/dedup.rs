//! The ids that a stream remembers, so as to store each message once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use tokio::time::Instant;

/// The message ids of the duplicate window.
#[derive(Debug, Default)]
pub(super) struct Dedup {
    sequences: HashMap<Arc<str>, u64>,
    /// Ids in the order in which they came, and so in which they are forgotten. An id without a time is of a
    /// message that nobody was interested in: a server (2.15) forgets it as soon as it looks.
    order: VecDeque<(Option<Instant>, Arc<str>)>,
    /// Instant of the next look for ids that are over; a server forgets none before.
    due: Option<Instant>,
}

impl Dedup {
    /// The sequence of the message that had this id, if it is remembered.
    pub(super) fn sequence_of(&mut self, id: &str, window: Duration, now: Instant) -> Option<u64> {
        self.forget(window, now);
        self.sequences.get(id).copied()
    }

    /// Knows an id from now on; `at` is when its message was stored, if it was.
    pub(super) fn remember(
        &mut self,
        id: &str,
        sequence: u64,
        at: Option<Instant>,
        window: Duration,
        now: Instant,
    ) {
        self.forget(window, now);
        let id: Arc<str> = id.into();
        self.sequences.insert(Arc::clone(&id), sequence);
        self.order.push_back((at, id));
        if self.due.is_none() {
            self.due = now.checked_add(window);
        }
    }

    /// Makes another window count from now on: a server looks, and what the one until now is over for stays
    /// forgotten.
    pub(super) fn end_window(&mut self, window: Duration, now: Instant) {
        if !self.order.is_empty() {
            self.due = Some(now);
            self.forget(window, now);
        }
    }

    /// Forgets the ids whose window is over. A window that became shorter counts only from the time
    /// at which the longer one would have ended for the oldest, as on a server (2.15).
    fn forget(&mut self, window: Duration, now: Instant) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        while let Some((at, _)) = self.order.front() {
            if at.is_some_and(|at| now.duration_since(at) < window) {
                break;
            }
            if let Some((_, id)) = self.order.pop_front() {
                self.sequences.remove(&id);
            }
        }
        self.due = self.order.front().and_then(|(at, _)| (*at)?.checked_add(window));
    }
}
