//! Delayed messages: they wait in their stream.

use std::time::Duration;

use tidings::PublishError;
use tidings::prelude::*;
use tokio::time::Instant;

use crate::env::{Env, never, soon};
use crate::message::{Parcels, sent};

const DELAY: Duration = Duration::from_millis(1500);

/// A stream in which messages may wait; only exactly these subjects.
#[derive(EventStream)]
#[stream(
    name = "REMINDERS",
    subjects("reminders.*.due"),
    allow_message_schedules,
    allow_message_ttl
)]
struct Reminders;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "reminders.{who}.due", stream = Reminders)]
struct Reminder {
    #[event(id)]
    number: u64,
    who: String,
}

fn reminder(number: u64) -> Reminder {
    Reminder { number, who: "ada".into() }
}

pub(crate) async fn a_delayed_event_comes_in_its_time_with_its_id(env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    let mut work = bus.consume::<Reminder>("alarm").await.unwrap();
    let begun = Instant::now();
    let event = reminder(7);
    let draft = bus.message(&event).header("tenant", "acme").ttl(Duration::from_secs(60));
    draft.delay(DELAY).publish().await.unwrap();
    // One that is not delayed overtakes it.
    bus.publish(&reminder(8)).await.unwrap();
    assert_eq!(soon(work.next()).await.unwrap().unwrap().number, 8);
    let delivery = soon(work.next()).await.unwrap().unwrap();
    assert!(begun.elapsed() + Duration::from_millis(50) >= DELAY, "{:?}", begun.elapsed());
    assert_eq!(delivery.event(), &event);
    assert_eq!(delivery.subject(), "reminders.ada.due");
    assert_eq!(delivery.message_id(), Some("reminders.due/7"));
    assert_eq!(delivery.headers().get("tenant"), Some("acme"));
    delivery.ack().await.unwrap();
}

pub(crate) async fn a_delayed_event_is_stored_once(env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    let event = reminder(1);
    let first = bus.message(&event).delay(DELAY).publish().await.unwrap();
    let again = bus.message(&event).delay(DELAY).publish().await.unwrap();
    assert!(!first.duplicate && again.duplicate);
    assert!(bus.publish(&event).await.unwrap().duplicate, "it is the same event");
    let mut work = bus.consume::<Reminder>("alarm").await.unwrap();
    soon(work.next()).await.unwrap().unwrap().ack().await.unwrap();
    never(Duration::from_millis(300), work.next()).await;
}

pub(crate) async fn what_can_not_be_delayed_is_refused(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let event = sent(1);
    match bus.message(&event).delay(DELAY).publish().await.unwrap_err() {
        PublishError::Delay { subject, problem } => {
            assert_eq!(subject, "parcels.eu.sent");
            assert!(problem.contains("allow_message_schedules"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
    let bus = env.bus_with::<Reminders>().await;
    let event = reminder(1);
    for id in ["a..b", "a.", "*", "a>b"] {
        let draft = bus.message(&event).message_id(id).delay(DELAY);
        let error = draft.publish().await.unwrap_err();
        assert!(matches!(error, PublishError::Delay { .. }), "{id}: {error:?}");
    }
    // Past the year 9999, and past every time.
    for delay in [Duration::from_secs(31_556_952 * 9000), Duration::MAX] {
        let error = bus.message(&event).delay(delay).publish().await.unwrap_err();
        assert!(matches!(error, PublishError::Delay { .. }), "{error:?}");
    }
}

/// A stream that drops what nobody consumes, and so what waits.
#[derive(EventStream)]
#[stream(name = "BRIEF", subjects("brief.*"), retention = "interest", allow_message_schedules)]
struct Brief;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "brief.due", stream = Brief)]
struct BriefDue;

/// A stream that keeps nothing for longer than a minute.
#[derive(EventStream)]
#[stream(name = "SHORT", subjects("short.*"), max_age = "1m", allow_message_schedules)]
struct ShortLived;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "short.due", stream = ShortLived)]
struct ShortDue;

pub(crate) async fn what_would_not_come_is_refused(env: Env) {
    let bus = env.bus_with::<Brief>().await;
    bus.provision::<ShortLived>().await.unwrap();
    let error = bus.message(&BriefDue).delay(DELAY).publish().await.unwrap_err();
    assert!(error.to_string().contains("interest"), "{error}");
    let minute = Duration::from_secs(60);
    let error = bus.message(&ShortDue).delay(minute).publish().await.unwrap_err();
    assert!(error.to_string().contains("max_age"), "{error}");
    bus.message(&ShortDue).delay(minute / 2).publish().await.unwrap();
}
