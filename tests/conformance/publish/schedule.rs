//! Schedules: events that wait for their time are listed, moved and cancelled.

use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{CloudEvents, PublishError, Recurrence, ScheduleError, When};
use tokio::time::Instant;

use crate::support::env::{Env, never, next, soon};

scenarios! {
    every_bus:
        an_event_comes_at_its_time,
        a_time_that_has_passed_is_refused,
        what_waits_is_listed,
        what_waits_is_found_by_its_key,
        what_is_cancelled_does_not_come,
        what_is_cancelled_leaves_no_event,
        what_is_moved_comes_once,
        a_key_that_is_none_and_one_of_another_event;
    with_restart:
        what_waits_and_what_recurs_outlive_a_restart;
}

pub(super) const DELAY: Duration = Duration::from_millis(1500);
pub(super) const HOUR: Duration = Duration::from_secs(3600);

#[derive(EventStream)]
#[stream(name = "TIMERS", subjects("timers.>"), allow_message_schedules)]
pub(super) struct Timers;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "timers.{who}.due", stream = Timers)]
pub(super) struct Timer {
    #[event(id)]
    pub(super) number: u64,
    pub(super) who: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "timers.{kind}.report", stream = Timers)]
pub(super) struct Report {
    pub(super) kind: String,
}

pub(super) fn timer(number: u64) -> Timer {
    Timer { number, who: "ada".into() }
}

pub(super) fn report(kind: &str) -> Report {
    Report { kind: kind.into() }
}

async fn an_event_comes_at_its_time(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let mut work = bus.consume::<Timer>("alarm").await.unwrap();
    // A clock that does not move says no time of day: an event that is stored does.
    let schedule = bus.message(&timer(1)).delay(HOUR).schedule().await.unwrap();
    let now = schedule.next().await.unwrap().unwrap() - HOUR;
    let begun = Instant::now();
    let at = now + DELAY;
    let handle = bus.message(&timer(2)).at(at).schedule().await.unwrap();
    assert_eq!(handle.key(), "timers.due/2");
    assert_eq!(handle.next().await.unwrap(), Some(at));
    let delivery = next(&mut work).await;
    assert!(begun.elapsed() + Duration::from_millis(500) >= DELAY, "{:?}", begun.elapsed());
    assert_eq!((delivery.event(), delivery.message_id()), (&timer(2), Some("timers.due/2")));
    delivery.ack().await.unwrap();
    assert_eq!(handle.next().await.unwrap(), None);
}

async fn a_time_that_has_passed_is_refused(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let past = SystemTime::now() - HOUR;
    match bus.message(&timer(1)).at(past).publish().await.unwrap_err() {
        PublishError::Past { subject, at } => {
            assert_eq!((subject.as_str(), at), ("timers.ada.due", past));
        }
        other => panic!("{other:?}"),
    }
    let error = bus.message(&timer(1)).schedule().await.unwrap_err();
    assert!(error.to_string().contains(".delay("), "{error}");
    let handle = bus.message(&timer(1)).delay(HOUR).schedule().await.unwrap();
    let error = handle.reschedule(past).await.unwrap_err();
    assert!(
        matches!(&error, ScheduleError::Publish(e) if matches!(**e, PublishError::Past { .. }))
    );
    // No server counts the nanoseconds until then.
    let late = SystemTime::UNIX_EPOCH + Duration::from_secs(400 * 365 * 24 * 3600);
    let error = bus.message(&timer(2)).at(late).publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Delay { .. }), "{error:?}");
    assert_eq!(bus.stream::<Timers>().state().await.unwrap().messages, 1);
}

pub(super) async fn keys(bus: &Bus) -> Vec<(String, u64)> {
    let mut list = bus.schedules::<Timer>().list();
    let mut keys = Vec::new();
    while let Some(waiting) = soon(list.next()).await {
        let waiting = waiting.unwrap();
        keys.push((waiting.key, waiting.event.number));
    }
    keys
}

async fn what_waits_is_listed(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    assert_eq!(keys(&bus).await, []);
    for number in 1..=30 {
        bus.message(&timer(number)).delay(HOUR).publish().await.unwrap();
        bus.publish(&Timer { number: 100 + number, who: "bob".into() }).await.unwrap();
    }
    bus.message(&report("sales")).delay(HOUR).publish().await.unwrap();
    let expected: Vec<_> = (1..=30).map(|n| (format!("timers.due/{n}"), n)).collect();
    assert_eq!(keys(&bus).await, expected);

    let mut reports = bus.schedules::<Report>().list();
    let waiting = soon(reports.next()).await.unwrap().unwrap();
    assert_eq!((waiting.event, waiting.subject.as_str()), (report("sales"), "timers.sales.report"));
    assert!(soon(reports.next()).await.is_none());
}

async fn what_waits_is_found_by_its_key(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let schedules = bus.schedules::<Timer>();
    assert_eq!(schedules.get("timers.due/7").await.unwrap(), None);
    let ack = bus.message(&timer(7)).delay(HOUR).publish().await.unwrap();
    let waiting = schedules.get("timers.due/7").await.unwrap().unwrap();
    assert_eq!((waiting.event, waiting.sequence), (timer(7), ack.sequence));
    assert_eq!(waiting.when, When::At(waiting.next.unwrap()));
    let waits = waiting.next.unwrap().duration_since(waiting.scheduled_at).unwrap();
    assert!(waits.abs_diff(HOUR) < Duration::from_secs(5), "{waits:?}");
    // One that is a CloudEvent waits as one.
    let events = bus.with_cloud_events(CloudEvents::new("/timers").unwrap().structured());
    events.message(&timer(8)).delay(HOUR).publish().await.unwrap();
    assert_eq!(schedules.get("timers.due/8").await.unwrap().unwrap().event, timer(8));
}

async fn what_is_cancelled_does_not_come(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let mut work = bus.consume::<Timer>("alarm").await.unwrap();
    let mut handles = Vec::new();
    for number in 1..=4 {
        let delay = if number == 4 { HOUR } else { DELAY };
        handles.push(bus.message(&timer(number)).delay(delay).schedule().await.unwrap());
    }
    handles[0].cancel().await.unwrap();
    bus.schedules::<Timer>().cancel("timers.due/2").await.unwrap();
    handles[3].cancel().await.unwrap();
    for handle in [&handles[0], &handles[1], &handles[3]] {
        assert_eq!(handle.next().await.unwrap(), None);
        let error = handle.cancel().await.unwrap_err();
        assert!(matches!(error, ScheduleError::NotWaiting { stream: "TIMERS", .. }), "{error:?}");
        let error = handle.reschedule(HOUR).await.unwrap_err();
        assert!(matches!(error, ScheduleError::NotWaiting { .. }), "{error:?}");
    }
    assert_eq!(next(&mut work).await.number, 3);
    never(2 * DELAY, work.next()).await;
    let error = handles[2].cancel().await.unwrap_err();
    assert!(matches!(error, ScheduleError::NotWaiting { .. }), "{error:?}");
    // Once its id is forgotten, or with another, it can be scheduled anew.
    let anew = bus.message(&timer(1)).message_id("anew").delay(DELAY).schedule().await.unwrap();
    assert_eq!(anew.key(), "anew");
    assert_eq!(next(&mut work).await.number, 1);
}

/// Event whose subjects are also those on which schedules wait, and end.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "_schedules.TIMERS.{rest}", name = "timers.anything", stream = Timers)]
struct Anything {
    #[serde(default)]
    rest: String,
}

async fn what_is_cancelled_leaves_no_event(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let mut live = bus.subscribe::<Anything>().await.unwrap();
    let mut history = bus.replay::<Anything>(DeliverFrom::Beginning).await.unwrap();
    let mut work = bus.consume::<Anything>("by-hand").await.unwrap();
    for number in 1..=3 {
        let delay = if number == 2 { DELAY } else { HOUR };
        let event = timer(number);
        let draft = bus.message(&event).message_id(format!("n{number}")).delay(delay);
        draft.schedule().await.unwrap().cancel().await.unwrap();
    }
    never(DELAY, history.next()).await;
    never(DELAY, work.next()).await;
    never(DELAY, live.next()).await;
    assert_eq!(keys(&bus).await, []);
    let state = bus.stream::<Timers>().state().await.unwrap();
    assert_eq!(state.messages, 1, "what ended the last one");
}

async fn what_is_moved_comes_once(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let mut work = bus.consume::<Timer>("alarm").await.unwrap();
    let event = timer(1);
    let draft = bus.message(&event).header("tenant", "acme").delay(DELAY);
    let handle = draft.schedule().await.unwrap();
    let schedules = bus.schedules::<Timer>();
    let mut last = 0;
    for delay in [2 * HOUR, HOUR, 3 * HOUR] {
        let ack = handle.reschedule(delay).await.unwrap();
        assert!(!ack.duplicate && ack.sequence > last);
        last = ack.sequence;
        assert_eq!(schedules.get(handle.key()).await.unwrap().unwrap().sequence, last);
    }
    never(2 * DELAY, work.next()).await;
    let begun = Instant::now();
    schedules.reschedule(handle.key(), DELAY).await.unwrap();
    let delivery = next(&mut work).await;
    assert!(begun.elapsed() + Duration::from_millis(100) >= DELAY, "{:?}", begun.elapsed());
    assert_eq!((delivery.event(), delivery.message_id()), (&timer(1), Some("timers.due/1")));
    assert_eq!(delivery.headers().get("tenant"), Some("acme"));
    delivery.ack().await.unwrap();
    never(2 * DELAY, work.next()).await;
    assert_eq!(keys(&bus).await, []);
}

async fn a_key_that_is_none_and_one_of_another_event(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let schedules = bus.schedules::<Timer>();
    for key in ["", "a..b", "*", "a b", ">", "_ended", "_ended.x"] {
        let error = schedules.cancel(key).await.unwrap_err();
        assert!(matches!(error, ScheduleError::Key { .. }), "{key:?}: {error:?}");
        let error = schedules.get(key).await.unwrap_err();
        assert!(matches!(error, ScheduleError::Key { .. }), "{key:?}: {error:?}");
    }
    let error = bus.message(&timer(1)).message_id("_ended").delay(HOUR).publish().await;
    assert!(matches!(error, Err(PublishError::Delay { .. })), "{error:?}");

    let handle = bus.message(&report("sales")).delay(HOUR).schedule().await.unwrap();
    let error = schedules.cancel(handle.key()).await.unwrap_err();
    assert!(matches!(error, ScheduleError::Other { .. }), "{error:?}");
    let error = schedules.reschedule(handle.key(), DELAY).await.unwrap_err();
    assert!(matches!(error, ScheduleError::Other { .. }), "{error:?}");
    let error = handle.reschedule(Recurrence::every(HOUR).unwrap()).await.unwrap_err();
    assert!(matches!(error, ScheduleError::Kind { .. }), "{error:?}");
    assert!(handle.next().await.unwrap().is_some());

    // Where there is no stream, that is said.
    let gone = env.bus().schedules::<Elsewhere>();
    let error = soon(gone.get("x")).await.unwrap_err();
    assert!(matches!(error, ScheduleError::NoStream { stream: "NOWHERE" }), "{error:?}");
    let error = soon(gone.list().next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ScheduleError::NoStream { .. }), "{error:?}");
}

#[derive(EventStream)]
#[stream(name = "NOWHERE", subjects("nowhere.>"), allow_message_schedules)]
struct Nowhere;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "nowhere.due", stream = Nowhere)]
struct Elsewhere {}

async fn what_waits_and_what_recurs_outlive_a_restart(mut env: Env) {
    let bus = env.bus_with::<Timers>().await;
    bus.message(&timer(1)).delay(HOUR).publish().await.unwrap();
    let mut work = bus.consume::<Report>("reporter").await.unwrap();
    let handle = bus.message(&report("sales")).every("@every 1s").schedule().await.unwrap();
    next(&mut work).await.ack().await.unwrap();
    env.crash().await;
    for _ in 0..3 {
        next(&mut work).await.ack().await.unwrap();
    }
    assert_eq!(keys(&bus).await, [("timers.due/1".to_owned(), 1)]);
    handle.cancel().await.unwrap();
    bus.schedules::<Timer>().cancel("timers.due/1").await.unwrap();
}
