//! The waits of a connection that was lost, and how often it is tried again.

use std::time::Duration;

use crate::backoff::Backoff;

/// Policy of reconnecting: the waits, and the number of attempts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReconnectPolicy {
    /// The waits between two attempts, before jitter.
    pub(crate) delay: Backoff,
    /// Maximum number of attempts; `None` is without limit.
    pub(crate) most: Option<usize>,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        let delay = Backoff::new(Duration::from_millis(50), Duration::from_secs(4));
        Self { delay, most: None }
    }
}
