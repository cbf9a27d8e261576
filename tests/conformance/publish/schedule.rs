//! Schedules: what waits is listed, moved and cancelled, and what comes again and again.

use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{
    AtomicError, CloudEvents, PublishError, Recurrence, RecurrenceError, ScheduleError, When,
};
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
        a_key_that_is_none_and_one_of_another_event,
        an_event_comes_again_and_again,
        the_same_recurrence_is_one_schedule,
        a_recurrence_is_replaced_by_another,
        a_pattern_in_a_time_zone,
        a_wrong_recurrence_is_refused_before_anything_is_sent,
        what_recurs_is_exempt_from_the_age_of_its_stream,
        what_can_not_recur_is_refused;
    with_restart:
        what_waits_and_what_recurs_outlive_a_restart;
}

const DELAY: Duration = Duration::from_millis(1500);
const HOUR: Duration = Duration::from_secs(3600);

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
struct Report {
    kind: String,
}

fn timer(number: u64) -> Timer {
    Timer { number, who: "ada".into() }
}

fn report(kind: &str) -> Report {
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

async fn keys(bus: &Bus) -> Vec<(String, u64)> {
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

/// Its subjects are also those on which schedules wait, and end.
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

/// One that forgets all.
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
