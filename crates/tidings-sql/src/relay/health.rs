//! Health of a program whose outbox a relay publishes.

use std::time::Duration;

use tidings::Health;

use super::running::RunningRelay;
use crate::outbox::OutboxStatus;

/// Bounds between ready and not, of an outbox. By default there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxThresholds {
    pending: Option<u64>,
    age: Option<Duration>,
    parked: Option<u64>,
}

impl OutboxThresholds {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum number of events that may wait to be published.
    #[must_use]
    pub fn max_pending(mut self, events: u64) -> Self {
        self.pending = Some(events);
        self
    }

    /// Sets the maximum time for which an event may wait to be published.
    #[must_use]
    pub fn max_age(mut self, time: Duration) -> Self {
        self.age = Some(time);
        self
    }

    /// Sets the maximum number of events that may be parked.
    #[must_use]
    pub fn max_parked(mut self, events: u64) -> Self {
        self.parked = Some(events);
        self
    }
}

impl OutboxStatus {
    /// Adds what is over its bound to the health of a bus or a registry.
    #[must_use]
    pub fn health(&self, mut health: Health, thresholds: &OutboxThresholds) -> Health {
        let Self { pending, oldest, parked, .. } = *self;
        if let Some(most) = thresholds.pending.filter(|most| pending > *most) {
            let problem = format!("{pending} events wait to be published, more than {most}");
            health = health.with_problem("outbox", problem);
        }
        if let (Some(age), Some(most)) = (oldest, thresholds.age)
            && age > most
        {
            let problem =
                format!("an event waits for {age:?} to be published, longer than {most:?}");
            health = health.with_problem("outbox", problem);
        }
        if let Some(most) = thresholds.parked.filter(|most| parked > *most) {
            let problem = format!("{parked} events can't be published, more than {most}");
            health = health.with_problem("outbox", problem);
        }
        health
    }
}

impl RunningRelay {
    /// Adds what is wrong with the relay to the health of a bus or a registry: that it has ended, or the error of its
    /// last attempt.
    #[must_use]
    pub fn health(&self, health: Health) -> Health {
        let status = self.status();
        match status.error {
            _ if !status.running => health.with_problem("outbox", "the relay has ended"),
            Some(error) => health.with_problem("outbox", error),
            None => health,
        }
    }
}
