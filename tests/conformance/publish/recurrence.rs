//! Recurrences: events that come again and again.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{
    AtomicError, CloudEvents, PublishError, Recurrence, RecurrenceError, ScheduleError, When,
};

use super::schedule::{DELAY, HOUR, Report, Timers, report};
use crate::support::env::{Env, never, next, soon};

scenarios! {
    every_bus:
        an_event_comes_again_and_again,
        the_same_recurrence_is_one_schedule,
        a_recurrence_is_replaced_by_another,
        a_pattern_in_a_time_zone,
        a_wrong_recurrence_is_refused_before_anything_is_sent,
        what_recurs_is_exempt_from_the_age_of_its_stream,
        what_can_not_recur_is_refused;
}

async fn an_event_comes_again_and_again(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let mut work = bus.consume::<Report>("reporter").await.unwrap();
    let sales = report("sales");
    let draft = bus.message(&sales).header("tenant", "acme").every("@every 1s");
    let handle = draft.schedule().await.unwrap();
    assert_eq!(handle.key(), "timers.sales.report");
    let mut sequences = Vec::new();
    for _ in 0..3 {
        let delivery = next(&mut work).await;
        assert_eq!((delivery.event(), delivery.message_id()), (&sales, None));
        assert_eq!(delivery.headers().get("tenant"), Some("acme"));
        sequences.push(delivery.sequence());
        delivery.ack().await.unwrap();
    }
    assert!(sequences.is_sorted(), "{sequences:?}");
    let waiting = bus.schedules::<Report>().get(handle.key()).await.unwrap().unwrap();
    assert_eq!(waiting.when, When::Every(Recurrence::every(Duration::from_secs(1)).unwrap()));
    handle.cancel().await.unwrap();
    // What came before is taken first.
    let consumed = bus.stream::<Timers>().last(Report::filter()).await.unwrap().unwrap();
    while sequences.last().is_some_and(|last| Some(*last) < consumed.sequence) {
        let delivery = next(&mut work).await;
        sequences.push(delivery.sequence());
        delivery.ack().await.unwrap();
    }
    never(2 * DELAY, work.next()).await;
    let error = handle.cancel().await.unwrap_err();
    assert!(matches!(error, ScheduleError::NotWaiting { .. }), "{error:?}");
    // It can be begun anew at once.
    assert!(!bus.message(&sales).every("@every 1s").publish().await.unwrap().duplicate);
    next(&mut work).await;
}

async fn the_same_recurrence_is_one_schedule(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let another = env.another_bus().await;
    let starts = (0..8).map(|n| {
        let bus = if n % 2 == 0 { bus.clone() } else { another.clone() };
        tokio::spawn(
            async move { bus.message(&report("sales")).every("@every 1h").publish().await },
        )
    });
    let starts: Vec<_> = starts.collect();
    let mut begun = 0;
    for start in starts {
        let ack = soon(start).await.unwrap().unwrap();
        begun += u32::from(!ack.duplicate);
    }
    assert_eq!(begun, 1);
    let state = bus.stream::<Timers>().state().await.unwrap();
    assert_eq!((state.messages, state.last_sequence), (1, 1));
}

async fn a_recurrence_is_replaced_by_another(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let publish = |every: &'static str, kind: &'static str| {
        let bus = bus.clone();
        async move {
            let event = report(kind);
            let draft = bus.message(&event).message_id("nightly").every(every);
            draft.publish().await.unwrap()
        }
    };
    let first = publish("@every 1h", "sales").await;
    let second = publish("@daily", "sales").await;
    let third = publish("@daily", "stock").await;
    assert!(!second.duplicate && !third.duplicate);
    assert!(first.sequence < second.sequence && second.sequence < third.sequence);
    assert_eq!(publish("@daily", "stock").await.sequence, third.sequence);
    let schedules = bus.schedules::<Report>();
    let waiting = schedules.get("nightly").await.unwrap().unwrap();
    assert_eq!(waiting.event, report("stock"));
    let hourly: Recurrence = "@hourly".parse().unwrap();
    schedules.reschedule("nightly", hourly.clone()).await.unwrap();
    let waiting = schedules.get("nightly").await.unwrap().unwrap();
    assert_eq!((waiting.event, waiting.when), (report("stock"), When::Every(hourly)));
    let error = schedules.reschedule("nightly", HOUR).await.unwrap_err();
    assert!(matches!(error, ScheduleError::Kind { .. }), "{error:?}");
    // Beside it there is no more than the one message that a change leaves.
    assert!(bus.stream::<Timers>().state().await.unwrap().messages <= 2);
    let mut all = schedules.list();
    assert_eq!(soon(all.next()).await.unwrap().unwrap().key, "nightly");
    assert!(soon(all.next()).await.is_none());
}

async fn a_pattern_in_a_time_zone(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let mut work = bus.consume::<Report>("reporter").await.unwrap();
    let mornings = Recurrence::cron("0 30  8 * * mon-fri").unwrap();
    let mornings = mornings.in_time_zone("Europe/Berlin").unwrap();
    let sales = report("sales");
    let handle = bus.message(&sales).every(mornings.clone()).schedule().await.unwrap();
    let waiting = bus.schedules::<Report>().get(handle.key()).await.unwrap().unwrap();
    assert_eq!(waiting.when, When::Every(mornings.clone()));
    assert_eq!(waiting.next, mornings.next_after(waiting.scheduled_at));
    // Every second of every day, there too.
    let seconds = Recurrence::cron("* * * * * *").unwrap().in_time_zone("Asia/Tokyo").unwrap();
    handle.reschedule(seconds).await.unwrap();
    for _ in 0..2 {
        next(&mut work).await.ack().await.unwrap();
    }
    handle.cancel().await.unwrap();
}

async fn a_wrong_recurrence_is_refused_before_anything_is_sent(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let event = report("sales");
    for pattern in ["", "soon", "30 8 * * *", "0 0 25 * * *", "0 0 0 30 2 *", "@every 10ms"] {
        let error = bus.message(&event).every(pattern).publish().await.unwrap_err();
        assert!(matches!(error, PublishError::Recurrence(_)), "{pattern:?}: {error:?}");
    }
    let daily = Recurrence::cron("@daily").unwrap();
    for zone in ["Mars/Olympus", "+02:00", "europe/berlin"] {
        let error = daily.clone().in_time_zone(zone).unwrap_err();
        assert!(matches!(error, RecurrenceError::TimeZone { .. }), "{zone:?}: {error:?}");
    }
    let error = bus.message(&event).message_id("a..b").every("@daily").publish().await;
    assert!(matches!(error, Err(PublishError::Delay { .. })), "{error:?}");
    assert_eq!(bus.stream::<Timers>().state().await.unwrap().last_sequence, 0);
}

/// A stream that forgets, but for what says that it stays.
#[derive(EventStream)]
#[stream(
    name = "BRIEF",
    subjects("brief.*"),
    max_age = "2s",
    duplicate_window = "1s",
    allow_message_schedules,
    allow_message_ttl
)]
struct Brief;

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "brief.{number}", stream = Brief)]
struct BriefDue {
    number: u64,
}

/// Stream that forgets all.
#[derive(EventStream)]
#[stream(name = "SHORT", subjects("short.*"), max_age = "1m", allow_message_schedules)]
struct ShortLived;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "short.due", stream = ShortLived)]
struct ShortDue {}

async fn what_recurs_is_exempt_from_the_age_of_its_stream(env: Env) {
    let bus = env.bus_with::<Brief>().await;
    let mut work = bus.consume::<BriefDue>("work").await.unwrap();
    let handle = bus.message(&BriefDue { number: 1 }).every("@every 3s").schedule().await.unwrap();
    bus.message(&BriefDue { number: 2 }).delay(Duration::from_secs(4)).publish().await.unwrap();
    let mut came = Vec::new();
    while came.len() < 3 {
        let delivery = next(&mut work).await;
        came.push(delivery.number);
        delivery.ack().await.unwrap();
    }
    came.sort_unstable();
    assert_eq!(came, [1, 1, 2]);
    handle.cancel().await.unwrap();

    bus.provision::<ShortLived>().await.unwrap();
    let error = bus.message(&ShortDue {}).every("@every 1s").publish().await.unwrap_err();
    assert!(error.to_string().contains("allow_message_ttl"), "{error}");
}

async fn what_can_not_recur_is_refused(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let event = report("sales");
    let events = bus.with_cloud_events(CloudEvents::new("/timers").unwrap().structured());
    let error = events.message(&event).every("@daily").publish().await.unwrap_err();
    assert!(error.to_string().contains("no_cloud_event"), "{error}");
    events.message(&event).no_cloud_event().every("@daily").publish().await.unwrap();
    let draft = bus.message(&event).expected_last_subject_sequence(0).every("@daily");
    let error = draft.publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Delay { .. }), "{error:?}");
    let error = bus.message(&event).every("@daily").record().unwrap_err();
    assert!(matches!(error, PublishError::Delay { .. }), "{error:?}");
    let mut batch = bus.atomic();
    let error = batch.add_message(bus.message(&event).every("@daily")).unwrap_err();
    assert!(matches!(error, AtomicError::Option { option: "every", .. }), "{error:?}");
}
