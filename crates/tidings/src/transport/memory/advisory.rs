//! Advisories: what a nats-server publishes about consumers, in its words.

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::consumer::{Consumer, Pending};
use super::effects::Effects;
use crate::header::Headers;
use crate::moment;
use crate::subject::Subject;
use crate::transport::Outgoing;

/// The reason given where a stream gave up a message that was delivered and not settled.
pub(super) const REMOVED: &str = "Unacknowledged message was deleted";

/// A message was delivered as often as allowed, and nobody settled it.
pub(super) fn max_deliveries(
    consumer: &Consumer,
    sequence: u64,
    attempts: u64,
    effects: &mut Effects,
) {
    let about = json!({"stream_seq": sequence, "deliveries": attempts});
    send(consumer, "MAX_DELIVERIES", "max_deliver", about, effects);
}

/// A message is never to be delivered again.
pub(super) fn terminated(
    consumer: &Consumer,
    sequence: u64,
    pending: &Pending,
    reason: &str,
    effects: &mut Effects,
) {
    let mut about = json!({
        "consumer_seq": pending.delivery,
        "stream_seq": sequence,
        "deliveries": pending.attempts,
    });
    if !reason.is_empty() {
        about["reason"] = reason.into();
    }
    send(consumer, "MSG_TERMINATED", "terminated", about, effects);
}

/// A message is to be delivered again.
pub(super) fn naked(consumer: &Consumer, sequence: u64, pending: &Pending, effects: &mut Effects) {
    let about = json!({
        "consumer_seq": pending.delivery,
        "stream_seq": sequence,
        "deliveries": pending.attempts,
    });
    send(consumer, "MSG_NAKED", "nak", about, effects);
}

fn send(consumer: &Consumer, event: &str, kind: &str, mut about: Value, effects: &mut Effects) {
    about["type"] = format!("io.nats.jetstream.advisory.v1.{kind}").into();
    about["id"] = Uuid::now_v7().simple().to_string().into();
    about["timestamp"] = moment::write(consumer.clock.system_time(Instant::now())).into();
    about["stream"] = (*consumer.stream).into();
    about["consumer"] = consumer.config.name.as_str().into();
    let subject =
        format!("$JS.EVENT.ADVISORY.CONSUMER.{event}.{}.{}", consumer.stream, consumer.config.name);
    effects.outbox.push_back(Outgoing {
        subject: Subject::from(subject),
        headers: Headers::new(),
        payload: Bytes::from(about.to_string()),
    });
}
