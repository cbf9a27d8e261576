//! Waits that grow.

use std::time::Duration;

/// Waits of which each is twice as long as the one before, up to a bound.
#[derive(Debug, Clone)]
pub(super) struct Wait {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Wait {
    pub(super) fn new(first: Duration, most: Duration) -> Self {
        let first = first.min(most);
        Self { first, most, next: first }
    }

    pub(super) fn lengthen(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(self.most);
        now
    }

    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}
