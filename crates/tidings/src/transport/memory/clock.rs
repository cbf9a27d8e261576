//! The broker's time: tokio's, so that a test can stop and turn it.

use std::cell::OnceCell;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Turns tokio's instants into times of day and back.
///
/// The time of day is asked for once; from then on it moves with tokio's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started: Instant,
    base: SystemTime,
}

/// The moment in which the broker works. Most messages are passed on without a look at the clock.
#[derive(Debug, Default)]
pub(super) struct Moment(OnceCell<Instant>);

impl Moment {
    /// Instant of this moment: the first who asks reads the clock.
    pub(super) fn instant(&self) -> Instant {
        *self.0.get_or_init(Instant::now)
    }
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), base: SystemTime::now() }
    }

    pub(super) fn system_time(&self, at: Instant) -> SystemTime {
        self.base + at.saturating_duration_since(self.started)
    }

    /// The instant of a time of day. What was before the broker started is its start; what is too
    /// far away to be reckoned with is `None`.
    pub(super) fn instant(&self, at: SystemTime) -> Option<Instant> {
        self.started.checked_add(at.duration_since(self.base).unwrap_or(Duration::ZERO))
    }
}
