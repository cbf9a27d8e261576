//! A route whose handler keeps failing pauses, and tries with one message whether it works again.

use std::time::Duration;

use crate::route::CircuitBreaker;

/// State of a circuit breaker.
#[derive(Debug)]
pub(crate) struct CircuitState {
    breaker: Option<CircuitBreaker>,
    /// Number of handlers that failed one after the other.
    failures: u32,
    /// Number of times that it opened since the last success.
    opened: u32,
}

impl CircuitState {
    pub(crate) fn new(breaker: Option<CircuitBreaker>) -> Self {
        Self { breaker, failures: 0, opened: 0 }
    }

    /// Returns `true` if it was open and has not seen a success since: then one message is tried at a time.
    pub(crate) fn is_probing(&self) -> bool {
        self.opened > 0
    }

    /// Returns `true` if nothing failed since the last success.
    pub(crate) fn is_closed(&self) -> bool {
        self.failures == 0 && self.opened == 0
    }

    pub(crate) fn succeeded(&mut self) {
        (self.failures, self.opened) = (0, 0);
    }

    /// A handler failed; gives for how long the route pauses, if it does.
    pub(crate) fn failed(&mut self) -> Option<Duration> {
        let breaker = self.breaker.as_ref()?;
        self.failures = self.failures.saturating_add(1);
        if self.failures < breaker.failures && !self.is_probing() {
            return None;
        }
        let pause = breaker.pause_after(self.opened);
        self.failures = 0;
        self.opened = self.opened.saturating_add(1);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_with_a_success() {
        let breaker = CircuitBreaker::after(3).open_for(secs(10)).max_open(secs(30));
        let mut circuit = CircuitState::new(Some(breaker));
        assert_eq!((circuit.failed(), circuit.failed()), (None, None));
        circuit.succeeded();
        assert_eq!((circuit.failed(), circuit.failed()), (None, None));
        assert_eq!(circuit.failed(), Some(secs(10)));
        assert!(circuit.is_probing());
        assert_eq!(circuit.failed(), Some(secs(20)), "a probe that fails opens it at once");
        assert_eq!(circuit.failed(), Some(secs(30)), "up to a bound");
        circuit.succeeded();
        assert!(!circuit.is_probing());
        assert_eq!(circuit.failed(), None);
    }

    #[test]
    fn without_a_breaker_it_never_opens() {
        let mut circuit = CircuitState::new(None);
        assert!((0..10_000).all(|_| circuit.failed().is_none()));
    }
}
