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
    /// In the order in which they came, and so in which they are forgotten.
    order: VecDeque<(Instant, Arc<str>)>,
}

impl Dedup {
    /// The sequence of the message that had this id, if it is remembered.
    pub(super) fn sequence_of(&mut self, id: &str, window: Duration, now: Instant) -> Option<u64> {
        self.forget(window, now);
        self.sequences.get(id).copied()
    }

    pub(super) fn remember(&mut self, id: &str, sequence: u64, now: Instant) {
        let id: Arc<str> = id.into();
        self.sequences.insert(Arc::clone(&id), sequence);
        self.order.push_back((now, id));
    }

    fn forget(&mut self, window: Duration, now: Instant) {
        while let Some((at, _)) = self.order.front() {
            if now.duration_since(*at) < window {
                break;
            }
            if let Some((_, id)) = self.order.pop_front() {
                self.sequences.remove(&id);
            }
        }
    }
}
