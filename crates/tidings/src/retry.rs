//! When a failed message is tried again. Pure: it knows no clock and no transport.

use std::time::Duration;

/// When a message whose handler failed is handled again.
///
/// The default waits a second each time, without end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    delay: Duration,
}

impl Retry {
    /// The same wait before each attempt.
    pub const fn fixed(delay: Duration) -> Self {
        Self { delay }
    }

    /// How long to wait after the failure of this attempt, which counts from 1.
    pub(crate) fn delay(&self, _attempt: u64) -> Duration {
        self.delay
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::fixed(Duration::from_secs(1))
    }
}
