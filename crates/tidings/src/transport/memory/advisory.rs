//! Advisories: what a nats-server publishes about consumers, in its words.

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::clock::Clock;
use super::effects::Effects;
use super::pending::Pending;
use crate::header::Headers;
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::Outgoing;

/// The consumer that an advisory is about.
#[derive(Debug)]
pub(super) struct About<'a> {
    pub(super) stream: &'a str,
    pub(super) consumer: &'a str,
    pub(super) clock: Clock,
}

/// The reason given where a stream gave up a message that was delivered and not settled.
pub(super) const REMOVED: &str = "Unacknowledged message was deleted";

/// A message was delivered as often as allowed, and nobody settled it.
pub(super) fn max_deliveries(
    about: &About<'_>,
    sequence: u64,
    attempts: u64,
    effects: &mut Effects,
) {
    let body = json!({"stream_seq": sequence, "deliveries": attempts});
    send(about, "MAX_DELIVERIES", "max_deliver", body, effects);
}

/// A message is never to be delivered again.
pub(super) fn terminated(
    about: &About<'_>,
    sequence: u64,
    pending: &Pending,
    reason: &str,
    effects: &mut Effects,
) {
    let mut body = json!({
        "consumer_seq": pending.delivery,
        "stream_seq": sequence,
        "deliveries": pending.attempts,
    });
    if !reason.is_empty() {
        body["reason"] = reason.into();
    }
    send(about, "MSG_TERMINATED", "terminated", body, effects);
}

/// A message is to be delivered again.
pub(super) fn nak(about: &About<'_>, sequence: u64, pending: &Pending, effects: &mut Effects) {
    let body = json!({
        "consumer_seq": pending.delivery,
        "stream_seq": sequence,
        "deliveries": pending.attempts,
    });
    send(about, "MSG_NAKED", "nak", body, effects);
}

fn send(about: &About<'_>, event: &str, kind: &str, mut body: Value, effects: &mut Effects) {
    body["type"] = format!("io.nats.jetstream.advisory.v1.{kind}").into();
    body["id"] = Uuid::now_v7().simple().to_string().into();
    body["timestamp"] = timestamp::write(about.clock.system_time(Instant::now())).into();
    body["stream"] = about.stream.into();
    body["consumer"] = about.consumer.into();
    let subject =
        format!("$JS.EVENT.ADVISORY.CONSUMER.{event}.{}.{}", about.stream, about.consumer);
    effects.outbox.push_back(Outgoing {
        subject: Subject::from(subject),
        headers: Headers::new(),
        payload: Bytes::from(body.to_string()),
    });
}
