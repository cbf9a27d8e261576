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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_bound_and_begin_anew() {
        let mut wait = Wait::new(Duration::from_millis(1), Duration::from_millis(5));
        let mut millis = || wait.lengthen().as_millis();
        assert_eq!([millis(), millis(), millis(), millis(), millis()], [1, 2, 4, 5, 5]);
        wait.reset();
        assert_eq!(wait.lengthen(), Duration::from_millis(1));
        // A bound that is shorter than the first wait is the first wait.
        assert_eq!(Wait::new(Duration::from_secs(1), Duration::ZERO).lengthen(), Duration::ZERO);
    }
}
