//! Advisories that a message was delivered as often as allowed, and their plausibility: whoever may
//! publish where servers tell of it can say so of any message.

use std::time::Duration;

use serde::Deserialize;

use crate::dead_letter;
use crate::subject::Subject;
use crate::transport::{ConsumerConfig, ConsumerSnapshot};

/// The longest that is waited for a consumer that does not show it yet.
const MOST_DOUBT: Duration = Duration::from_secs(5 * 60);

/// Advisory of a message that the server won't deliver again.
#[derive(Debug, Deserialize)]
pub(super) struct MaxDeliveries {
    pub(super) stream: String,
    pub(super) consumer: String,
    pub(super) stream_seq: u64,
    pub(super) deliveries: u64,
}

/// Plausibility of an advisory, by what its consumer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plausibility {
    /// The consumer does not have the message any more.
    Confirmed,
    /// The consumer may still have the message: others before it are unsettled.
    Unconfirmed,
    /// Impossible, for this reason.
    Impossible(&'static str),
}

/// Returns `true` if it was told on the subject of the consumer that it names.
pub(super) fn is_told_where_it_should(subject: &Subject, exhausted: &MaxDeliveries) -> bool {
    let MaxDeliveries { stream, consumer, .. } = exhausted;
    subject.as_str() == dead_letter::exhausted_subject(stream, consumer)
}

/// Judges an advisory by the consumer as the server has it.
pub(super) fn of_consumer(
    config: &ConsumerConfig,
    snapshot: &ConsumerSnapshot,
    exhausted: &MaxDeliveries,
) -> Plausibility {
    let MaxDeliveries { stream_seq: sequence, deliveries, .. } = *exhausted;
    let Some(most) = config.max_deliver else {
        return Plausibility::Impossible("its consumer delivers without end");
    };
    if sequence == 0 || sequence > snapshot.reached {
        return Plausibility::Impossible("its consumer has not delivered it yet");
    }
    // A server does not tell of those that are delivered once.
    if most > 1 && snapshot.redelivered == 0 {
        return Plausibility::Impossible("its consumer has given up none");
    }
    if deliveries == 0 {
        return Plausibility::Impossible("it says of no delivery");
    }
    // How often it was delivered is not compared with how often that is allowed now: to allow more
    // revives nothing that was given up before.
    if snapshot.unsettled == 0 || sequence <= snapshot.floor {
        return Plausibility::Confirmed;
    }
    Plausibility::Unconfirmed
}

/// Wait until the consumer shows it: a message that it still had would come again by then, or be
/// settled.
pub(super) fn doubt(config: &ConsumerConfig) -> Duration {
    let longest = config.backoff.iter().copied().max().unwrap_or_default();
    longest.max(config.ack_wait).min(MOST_DOUBT)
}
