//! Figures of the outbox for the recorder of the crate `metrics`.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use tokio::time::Instant;

use super::state::RelayStatus;
use crate::outbox::OutboxStatus;

const PUBLISHED: &str = "tidings_outbox_published_messages_total";
const DUPLICATES: &str = "tidings_outbox_duplicate_messages_total";
const PENDING: &str = "tidings_outbox_pending_messages";
const OLDEST: &str = "tidings_outbox_oldest_age_seconds";
const PARKED: &str = "tidings_outbox_parked_messages";
const SIZE: &str = "tidings_outbox_size_bytes";

/// Interval at which the outbox is looked at.
const EVERY: Duration = Duration::from_secs(10);
/// Bound of the time for such looks: one part of so many.
const PART: u32 = 100;

/// Figures of a relay as they were recorded last, and the time of it.
#[derive(Debug)]
pub(super) struct Figures {
    told: RelayStatus,
    next: Instant,
}

impl Figures {
    pub(super) fn new() -> Self {
        describe_counter!(PUBLISHED, Unit::Count, "Events of the outbox that were published");
        describe_counter!(DUPLICATES, Unit::Count, "Those that their stream had already");
        describe_gauge!(PENDING, Unit::Count, "Events of the outbox that wait to be published");
        describe_gauge!(OLDEST, Unit::Seconds, "How long the oldest of them waits");
        describe_gauge!(PARKED, Unit::Count, "Events of the outbox that can't be published");
        describe_gauge!(SIZE, Unit::Bytes, "Size of the outbox in the database");
        Self { told: RelayStatus::default(), next: Instant::now() }
    }

    /// Takes in how long a look took.
    pub(super) fn looked(&mut self, took: Duration) {
        self.next = Instant::now() + EVERY.max(took.saturating_mul(PART));
    }

    /// Records what the relay did, and says whether the outbox is to be looked at.
    pub(super) fn are_due(&mut self, now: RelayStatus) -> bool {
        counter!(PUBLISHED).increment(now.published.saturating_sub(self.told.published));
        counter!(DUPLICATES).increment(now.duplicates.saturating_sub(self.told.duplicates));
        self.told = now;
        self.next <= Instant::now()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(super) fn record(status: &OutboxStatus) {
    gauge!(PENDING).set(status.pending as f64);
    gauge!(OLDEST).set(status.oldest.unwrap_or_default().as_secs_f64());
    gauge!(PARKED).set(status.parked as f64);
    gauge!(SIZE).set(status.bytes as f64);
}
