//! Circuit breaker: pauses of a route whose handler keeps failing.

use std::time::Duration;

use crate::backoff::Backoff;

/// Pauses a route whose handler keeps failing, and tries it with one message after a while.
///
/// After so many failures one after the other the route takes no more messages: a stream's wait
/// in the stream, others go to the other instances. After the pause it handles one message. If that
/// succeeds, the route goes on; if it fails, the next pause is twice as long, up to a bound.
///
/// A failure is an error that is to be tried again, a panic or a passed deadline. A message that is
/// rejected, deferred or can't be decoded says nothing about the handler.
///
/// ```
/// use std::time::Duration;
/// use tidings::CircuitBreaker;
///
/// let breaker = CircuitBreaker::after(10).open_for(Duration::from_secs(15));
/// # let _ = breaker;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "give it to `Route::circuit_breaker`"]
pub struct CircuitBreaker {
    pub(crate) failures: u32,
    open_for: Duration,
    max_open: Duration,
}

impl CircuitBreaker {
    /// Opens after so many failures one after the other; 0 is refused at the start.
    pub const fn after(failures: u32) -> Self {
        Self { failures, open_for: Duration::from_secs(10), max_open: Duration::from_secs(300) }
    }

    /// Sets the length of the first pause; the default is 10 s, and no time is refused at the
    /// start.
    pub const fn open_for(mut self, pause: Duration) -> Self {
        self.open_for = pause;
        self
    }

    /// Sets the maximum length of a pause; the default is 5 min. Less than the first one means
    /// that.
    pub const fn max_open(mut self, pause: Duration) -> Self {
        self.max_open = pause;
        self
    }

    /// Reason why this breaker can't hold; `None` if it can.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.failures == 0 {
            return Some("0 failures would never let it close; give 1 or more".to_owned());
        }
        self.open_for.is_zero().then(|| "a pause of no time is none; give it some".to_owned())
    }

    /// The pause after it has opened so often already.
    pub(crate) fn pause_after(&self, opened: u32) -> Duration {
        let most = self.max_open.max(self.open_for);
        Backoff::new(self.open_for, most).after(u64::from(opened) + 1)
    }
}
