//! Exponential backoff: the waits between attempts at what fails.

use std::time::Duration;

use crate::jitter::jittered;

/// A first wait, which doubles with each failure in a row up to the longest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
}

/// The waits of one series of attempts.
#[derive(Debug)]
pub(crate) struct Waits {
    backoff: Backoff,
    failures: u64,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The wait after so many failures in a row, without jitter: the first one after one.
    pub(crate) fn after(self, failures: u64) -> Duration {
        let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }

    /// Begins a series of attempts.
    pub(crate) fn waits(self) -> Waits {
        Waits { backoff: self, failures: 0 }
    }
}

impl Waits {
    /// The wait after one more failure, with jitter.
    pub(crate) fn lengthen(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        jittered(self.backoff.after(self.failures))
    }

    /// Begins anew with the first wait, after an attempt that succeeded.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_doubles_up_to_the_longest() {
        let backoff = Backoff::new(SECOND, SECOND * 5);
        let waits = [0, 1, 2, 3, 4, 5, u64::MAX].map(|failures| backoff.after(failures).as_secs());
        assert_eq!(waits, [1, 1, 2, 4, 5, 5, 5]);
        assert_eq!(Backoff::new(SECOND, Duration::MAX).after(u64::MAX), SECOND * (1 << 31));
        assert_eq!(Backoff::new(SECOND * 9, SECOND).after(1), SECOND, "none is longer");
    }

    #[test]
    fn a_success_begins_anew() {
        let mut waits = Backoff::new(SECOND, SECOND * 60).waits();
        let is_about = |wait: Duration, secs| (SECOND * secs..SECOND * secs * 2).contains(&wait);
        assert!(is_about(waits.lengthen(), 1) && is_about(waits.lengthen(), 2));
        assert!(is_about(waits.lengthen(), 4));
        waits.reset();
        assert!(is_about(waits.lengthen(), 1));
    }
}
