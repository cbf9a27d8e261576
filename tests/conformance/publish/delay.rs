//! Delayed messages: they wait in their stream.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{AtomicError, PublishError};
use tokio::time::Instant;

use crate::support::env::{Env, never, next, soon};
use crate::support::message::{Parcels, sent};

scenarios! {
    every_bus:
        a_delayed_event_comes_in_its_time_with_its_id,
        a_delayed_event_is_stored_once,
        a_delayed_event_waits_for_its_new_time,
        every_way_to_publish_moves_a_delayed_event,
        a_delayed_event_that_many_move_comes_once,
        a_second_run_keeps_the_first_delay,
        what_waits_is_no_event_to_any_reader;
    with_restart:
        a_delayed_event_keeps_its_id_over_restarts;
}

pub(super) const DELAY: Duration = Duration::from_millis(1500);

/// A stream in which messages may wait; only exactly these subjects.
#[derive(EventStream)]
#[stream(
    name = "REMINDERS",
    subjects("reminders.*.due"),
    allow_message_schedules,
    allow_message_ttl,
    allow_atomic_publish
)]
pub(super) struct Reminders;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "reminders.{who}.due", stream = Reminders)]
pub(super) struct Reminder {
    #[event(id)]
    pub(super) number: u64,
    pub(super) who: String,
}

pub(super) fn reminder(number: u64) -> Reminder {
    Reminder { number, who: "ada".into() }
}

async fn a_delayed_event_comes_in_its_time_with_its_id(env: Env) {
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
    assert_eq!(work.unwarranted(), 0, "nobody says that it was put back");
}

async fn a_delayed_event_is_stored_once(env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    let event = reminder(1);
    let first = bus.message(&event).delay(DELAY).publish().await.unwrap();
    assert!(!first.duplicate);
    assert!(bus.publish(&event).await.unwrap().duplicate, "it is the same event");
    let mut work = bus.consume::<Reminder>("alarm").await.unwrap();
    soon(work.next()).await.unwrap().unwrap().ack().await.unwrap();
    never(Duration::from_millis(300), work.next()).await;
}

const HOUR: Duration = Duration::from_secs(3600);

async fn a_delayed_event_waits_for_its_new_time(env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    let mut work = bus.consume::<Reminder>("alarm").await.unwrap();
    let event = reminder(1);
    let delayed = |delay| bus.message(&event).header("tenant", "acme").delay(delay).publish();
    let first = delayed(HOUR).await.unwrap();
    // Sooner, later, and sooner again, as it was before.
    let mut last = first.sequence;
    for delay in [HOUR / 2, 2 * HOUR, HOUR / 2, DELAY] {
        let ack = delayed(delay).await.unwrap();
        assert!(!ack.duplicate && ack.sequence > last, "{ack:?} after {last}");
        last = ack.sequence;
        let state = bus.stream::<Reminders>().state().await.unwrap();
        assert_eq!((state.messages, state.last_sequence), (1, last), "it takes the other's place");
    }
    let begun = Instant::now();
    let delivery = next(&mut work).await;
    assert!(begun.elapsed() + Duration::from_millis(100) >= DELAY, "{:?}", begun.elapsed());
    assert_eq!(delivery.event(), &event);
    assert_eq!(delivery.message_id(), Some("reminders.due/1"));
    assert_eq!(delivery.headers().get("tenant"), Some("acme"));
    delivery.ack().await.unwrap();

    // What has come is the same event, and comes no more.
    let again = delayed(DELAY).await.unwrap();
    assert!(again.duplicate, "{again:?}");
    never(2 * DELAY, work.next()).await;
}

async fn every_way_to_publish_moves_a_delayed_event(env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    let mut work = bus.consume::<Reminder>("alarm").await.unwrap();
    let (one, two) = (reminder(1), reminder(2));
    let batch = |delay: Duration, events: &[&Reminder]| {
        let mut batch = bus.atomic();
        for event in events {
            batch.add_message(bus.message(*event).delay(delay)).unwrap();
        }
        batch
    };
    assert!(!batch(HOUR, &[&one]).publish().await.unwrap().duplicate);
    let ack = batch(DELAY, &[&one]).publish().await.unwrap();
    assert!(!ack.duplicate, "{ack:?}");
    let delivery = next(&mut work).await;
    assert_eq!(delivery.event(), &one);
    delivery.ack().await.unwrap();

    // All or nothing: none of several is moved, and that is said.
    let pair = [&two, &reminder(3)];
    let waiting = batch(HOUR, &pair);
    assert!(!waiting.publish().await.unwrap().duplicate);
    assert!(waiting.publish().await.unwrap().duplicate, "the same batch");
    match batch(DELAY, &pair).publish().await.unwrap_err() {
        AtomicError::Event { place: 0, source: PublishError::NotRescheduled { subject, .. } } => {
            assert_eq!(subject, "reminders.ada.due");
        }
        other => panic!("{other:?}"),
    }
    never(2 * DELAY, work.next()).await;
}

/// Moves by many at once, of which one is the last.
async fn a_delayed_event_that_many_move_comes_once(env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    let mut work = bus.consume::<Reminder>("alarm").await.unwrap();
    bus.message(&reminder(1)).delay(HOUR).publish().await.unwrap();
    let movers = (1..=8).map(|n| {
        let bus = bus.clone();
        tokio::spawn(async move {
            let delay = DELAY + Duration::from_millis(n);
            bus.message(&reminder(1)).delay(delay).publish().await
        })
    });
    let movers: Vec<_> = movers.collect();
    let mut moved = 0;
    for mover in movers {
        match soon(mover).await.unwrap() {
            Ok(ack) => moved += u32::from(!ack.duplicate),
            Err(PublishError::NotRescheduled { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(moved > 0);
    next(&mut work).await.ack().await.unwrap();
    never(2 * DELAY, work.next()).await;
}

/// The second run of a handler moves nothing: its event is that of the first run.
async fn a_second_run_keeps_the_first_delay(env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    bus.provision::<Parcels>().await.unwrap();
    let (told, mut tell) = tokio::sync::mpsc::unbounded_channel();
    let remind = move |_: crate::support::message::Sent, cx: Context| {
        let told = told.clone();
        async move {
            // It declares no id: the context makes one.
            let delay = if cx.attempt() == 1 { HOUR } else { HOUR / 2 };
            told.send(cx.message(&Note { who: "ada".into() }).delay(delay).publish().await?)?;
            if cx.attempt() == 1 { Err(Failure::retry("once more")) } else { Ok(()) }
        }
    };
    let route =
        Route::of::<crate::support::message::Sent>(remind).retry(Retry::fixed(Duration::ZERO));
    let running = Registry::new("remind").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert!(!soon(tell.recv()).await.unwrap().duplicate);
    assert!(soon(tell.recv()).await.unwrap().duplicate);
    running.shutdown().await;
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "reminders.{who}.due", name = "reminders.note", stream = Reminders, tagged)]
struct Note {
    who: String,
}

async fn a_delayed_event_keeps_its_id_over_restarts(mut env: Env) {
    let bus = env.bus_with::<Reminders>().await;
    let event = reminder(7);
    bus.message(&event).delay(DELAY).publish().await.unwrap();
    env.restart().await;
    let mut work = bus.consume::<Reminder>("alarm").await.unwrap();
    let delivery = next(&mut work).await;
    assert_eq!((delivery.message_id(), delivery.attempt()), (Some("reminders.due/7"), 1));
    delivery.ack().await.unwrap();
    // Once it has come, too.
    env.crash().await;
    let mut history = bus.replay::<Reminder>(DeliverFrom::Beginning).await.unwrap();
    assert_eq!(next(&mut history).await.message_id(), Some("reminders.due/7"));
}

#[derive(EventStream)]
#[stream(name = "WIDE", subjects("wide.*"), allow_message_schedules)]
struct Wide;

/// Event whose subjects are also those on which delayed messages wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "_schedules.WIDE.{number}", stream = Wide)]
struct Anything {
    #[event(id)]
    number: u64,
}

/// An event of that subject without a stream, for whoever listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "{kind}.WIDE.{rest}", name = "wide.heard")]
struct Overheard {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    rest: String,
}

async fn what_waits_is_no_event_to_any_reader(env: Env) {
    let bus = env.bus_with::<Wide>().await;
    let mut live = bus.subscribe::<Overheard>().await.unwrap();
    let mut listening = bus.subscribe::<Anything>().await.unwrap();
    let mut history = bus.replay::<Anything>(DeliverFrom::Beginning).await.unwrap();
    let mut work = bus.consume::<Anything>("by-hand").await.unwrap();
    let (told, mut tell) = tokio::sync::mpsc::unbounded_channel();
    let single = {
        let told = told.clone();
        move |event: Anything, _: Context| {
            let told = told.clone();
            async move { Ok(told.send(("single", event.number))?) }
        }
    };
    let many = move |batch: tidings::Batch<Anything>, _: Context| {
        let told = told.clone();
        async move {
            for item in &batch {
                told.send(("batch", item.event().number))?;
            }
            Ok(())
        }
    };
    let registry = Registry::new("wide")
        .route(Route::of::<Anything>(single).durable("single").ack_every(2).concurrency(1))
        .route(Route::of::<tidings::Batch<Anything>>(many).durable("batch"));
    let running = registry.start(&bus).await.unwrap();
    let event = Anything { number: 1 };
    bus.message(&event).message_id("one").delay(DELAY).publish().await.unwrap();
    bus.publish(&Anything { number: 2 }).await.unwrap();
    assert_eq!(next(&mut live).await.subject(), "_schedules.WIDE.2");
    assert_eq!(next(&mut listening).await.number, 2);
    for number in [2, 1] {
        assert_eq!(next(&mut history).await.number, number);
        let delivery = next(&mut work).await;
        assert_eq!((delivery.number, delivery.attempt()), (number, 1));
        delivery.ack().await.unwrap();
        let mut heard = [soon(tell.recv()).await.unwrap(), soon(tell.recv()).await.unwrap()];
        heard.sort_unstable();
        assert_eq!(heard, [("batch", number), ("single", number)]);
    }
    for report in running.shutdown().await {
        assert_eq!((report.handled, report.dead_lettered, report.undecodable), (2, 0, 0));
    }
    never(DELAY, live.next()).await;
}
