//! Limits of what waits: refused where it can be known, and as the page on schedules says elsewhere.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{PublishError, Retention, StreamConfig, SubscribeError};

use super::delay::{DELAY, Reminder, Reminders, reminder};
use crate::support::env::{Env, next, soon};
use crate::support::message::{Parcels, sent};

scenarios! {
    every_bus:
        a_consumer_whose_acks_cancel_is_refused,
        what_can_not_be_delayed_is_refused,
        what_would_not_come_is_refused,
        core_subscriptions_do_not_hear_what_comes,
        a_stream_that_takes_no_schedules_refuses_them;
}

/// The events of [`Wide`], in a work queue; the derive would refuse the event.
struct WideWork;

impl EventStream for WideWork {
    const NAME: &'static str = "WIDE";
    const SUBJECTS: &'static [&'static str] = &["wide.*", "_schedules.WIDE.>"];

    fn config() -> StreamConfig {
        let mut config = StreamConfig::new(Self::NAME, Self::SUBJECTS.iter().copied());
        config.retention = Retention::WorkQueue;
        config.allow_message_schedules = true;
        config
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "_schedules.WIDE.{number}", name = "wide.work", stream = WideWork)]
struct Work {
    #[event(id)]
    number: u64,
}

async fn a_consumer_whose_acks_cancel_is_refused(env: Env) {
    let bus = env.bus_with::<WideWork>().await;
    let error = bus.consume::<Work>("work").await.unwrap_err();
    match &error {
        SubscribeError::CancelsDelayed { stream: "WIDE", consumer, waiting } => {
            assert_eq!((consumer.as_str(), waiting.as_str()), ("work", "_schedules.WIDE.>"));
        }
        other => panic!("{other:?}"),
    }
    let handler = |_: Work, _: Context| async { Ok(()) };
    let error = Registry::new("work").handle::<Work>(handler).start(&bus).await.unwrap_err();
    assert!(error.to_string().contains("_schedules.WIDE.>"), "{error}");
}

async fn what_can_not_be_delayed_is_refused(env: Env) {
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

/// A stream that drops what nobody consumes, and so what waits. The derive refuses it.
struct Brief;

impl EventStream for Brief {
    const NAME: &'static str = "BRIEF";
    const SUBJECTS: &'static [&'static str] = &["brief.*", "_schedules.BRIEF.>"];

    fn config() -> StreamConfig {
        let mut config = StreamConfig::new(Self::NAME, Self::SUBJECTS.iter().copied());
        config.retention = Retention::Interest;
        config.allow_message_schedules = true;
        config
    }
}

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

async fn what_would_not_come_is_refused(env: Env) {
    let bus = env.bus_with::<Brief>().await;
    bus.provision::<ShortLived>().await.unwrap();
    let error = bus.message(&BriefDue).delay(DELAY).publish().await.unwrap_err();
    assert!(error.to_string().contains("interest"), "{error}");
    let minute = Duration::from_secs(60);
    let error = bus.message(&ShortDue).delay(minute).publish().await.unwrap_err();
    assert!(error.to_string().contains("max_age"), "{error}");
    bus.message(&ShortDue).delay(minute / 2).publish().await.unwrap();
}

/// A schedule's message is stored, and published to nobody.
async fn core_subscriptions_do_not_hear_what_comes(env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    let mut live = bus.subscribe::<Reminder>().await.unwrap();
    let mut raw = bus.subscribe_raw("reminders.>").await.unwrap();
    let mut work = bus.consume::<Reminder>("alarm").await.unwrap();
    bus.message(&reminder(1)).delay(DELAY).publish().await.unwrap();
    let recurring = bus.message(&reminder(2)).every("@every 1s").schedule().await.unwrap();
    for _ in 0..3 {
        next(&mut work).await.ack().await.unwrap();
    }
    recurring.cancel().await.unwrap();
    // What is published is heard, and nothing was before it.
    bus.publish(&reminder(3)).await.unwrap();
    assert_eq!(next(&mut live).await.number, 3);
    let first = soon(raw.next()).await.unwrap().unwrap();
    assert_eq!(first.decode::<Reminder>().unwrap().number, 3);
}

/// A declaration of a stream, which may not be so on the server.
async fn a_stream_that_takes_no_schedules_refuses_them(env: Env) {
    let bus = env.bus();
    let mut config = Reminders::config();
    (config.allow_message_schedules, config.allow_message_ttl) = (false, false);
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let event = reminder(1);
    for refused in [
        bus.message(&event).delay(DELAY).publish().await,
        bus.message(&event).every("@every 1s").publish().await,
        bus.message(&event).delay(DELAY).schedule().await.map(|_| panic!("it is scheduled")),
    ] {
        match refused.unwrap_err() {
            PublishError::Refused { stream, code: 10188, description, .. } => {
                assert_eq!((stream, &*description), ("REMINDERS", "message schedules is disabled"));
            }
            other => panic!("{other:?}"),
        }
    }
}
