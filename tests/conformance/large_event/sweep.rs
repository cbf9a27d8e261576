//! Sweeping: an object goes once no stream holds its event, and never before.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{DeadLetterFilter, PublishError, Source, StreamConfig, SweepLargeError};
use tidings_tests::eventually;

use super::{STORE, Scans, ScansLarge, Taken, objects, scans, taken};
use crate::support::condition::letters;
use crate::support::env::{BY_AND_BY, Env, next, soon};

scenarios! {
    every_bus:
        what_no_stream_holds_goes,
        a_dry_run_removes_nothing,
        an_event_keeps_the_object_that_was_stored_again,
        what_is_not_of_the_stream_stays,
        a_young_object_stays,
        an_object_of_a_dead_letter_stays,
        an_event_that_is_put_back_keeps_its_object,
        a_copy_of_the_stream_keeps_an_object,
        many_events_and_few_objects,
        what_a_cut_upload_has_left_goes,
        without_the_stream_nothing_goes,
        a_sweep_beside_publishers_takes_nothing_away,
        an_object_is_as_old_as_its_store_lets_it;
    with_restart:
        an_object_whose_event_was_never_stored_goes;
}

/// Age at which every object is old enough.
const AT_ONCE: Duration = Duration::ZERO;

async fn what_no_stream_holds_goes(env: Env) {
    let (bus, store) = scans(&env).await;
    let mut sequences = Vec::new();
    for number in 1..=4 {
        sequences.push(bus.publish(&taken(number, 1_500_000)).await.unwrap().sequence);
    }
    bus.publish(&taken(5, 10)).await.unwrap();
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.young, swept.removed, swept.uploads), (4, 0, 0, 0));
    for sequence in [sequences[0], sequences[2]] {
        bus.stream::<Scans>().delete_message(sequence).await.unwrap();
    }
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed), (2, 2));
    let left = objects(&store).await;
    assert!(left[0].contains("/2.") && left[1].contains("/4."), "{left:?}");
    for sequence in [sequences[1], sequences[3]] {
        let stored = bus.stream::<Scans>().get(sequence).await.unwrap().unwrap();
        assert_eq!(stored.decode::<Taken>().unwrap().image.len(), 1_500_000);
    }
    bus.stream::<Scans>().purge().await.unwrap();
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed), (0, 2));
    // Nothing is left, not even a marker.
    assert_eq!(bus.stream::<ScansLarge>().state().await.unwrap().messages, 0);
    let ack = bus.publish(&taken(1, 1_500_000)).await.unwrap();
    assert!(ack.duplicate, "within the duplicate window");
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!(swept.removed, 1, "no event refers to it");
}

/// Sweep by the names of stream and store, as by a program that knows no types.
async fn a_dry_run_removes_nothing(env: Env) {
    let (bus, store) = scans(&env).await;
    for number in 1..=3 {
        bus.publish(&taken(number, 1_500_000)).await.unwrap();
    }
    bus.stream::<Scans>().delete_message(2).await.unwrap();
    let sweep = || bus.sweep_large_of("SCANS", STORE).older_than(AT_ONCE);
    let swept = sweep().dry_run().await.unwrap();
    assert_eq!((swept.kept, swept.removed, swept.uploads), (2, 1, 0));
    assert_eq!(objects(&store).await.len(), 3);
    let swept = sweep().await.unwrap();
    assert_eq!((swept.kept, swept.removed), (2, 1));
    assert_eq!(objects(&store).await.len(), 2);
    let swept = bus.sweep_large_of("SCANS", STORE).dry_run().await.unwrap();
    assert_eq!((swept.young, swept.removed), (2, 0));
}

/// A duplicate stores its object again, and leaves the stream as it was.
async fn an_event_keeps_the_object_that_was_stored_again(env: Env) {
    let (bus, store) = scans(&env).await;
    let event = taken(1, 1_500_000);
    let first = bus.publish(&event).await.unwrap();
    for _ in 0..2 {
        let again = bus.publish(&event).await.unwrap();
        assert!(again.duplicate && again.sequence == first.sequence, "{again:?}");
        let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
        assert_eq!((swept.kept, swept.removed), (1, 0));
    }
    let stored = bus.stream::<Scans>().get(first.sequence).await.unwrap().unwrap();
    assert!(stored.decode::<Taken>().unwrap() == event);
    assert_eq!(objects(&store).await.len(), 1);
}

/// Stream that shares the store of the scans.
#[derive(EventStream)]
#[stream(name = "COPIES", subjects("copies.>"), large_store = "SCANS-large")]
struct Copies;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "copies.made", stream = Copies, large(over = "1KiB"))]
struct Copied {
    image: String,
}

async fn what_is_not_of_the_stream_stays(env: Env) {
    let (bus, store) = scans(&env).await;
    bus.provision::<Copies>().await.unwrap();
    store.put("by hand", "of somebody").await.unwrap();
    bus.publish(&Copied { image: super::text(1, 5000) }).await.unwrap();
    bus.publish(&taken(1, 1_500_000)).await.unwrap();
    bus.stream::<Scans>().purge().await.unwrap();
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed, swept.others), (0, 1, 2));
    let swept = bus.sweep_large::<Copies>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed, swept.others), (1, 0, 1));
    assert_eq!(objects(&store).await.len(), 2);
}

async fn a_young_object_stays(env: Env) {
    let (bus, store) = scans(&env).await;
    let event = taken(1, 1_500_000);
    let error = bus.message(&event).expected_last_sequence(9).publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Conflict { .. }), "{error:?}");
    let swept = bus.sweep_large::<Scans>().await.unwrap();
    assert_eq!((swept.kept, swept.young, swept.removed), (0, 1, 0));
    assert_eq!(objects(&store).await.len(), 1);
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.young, swept.removed), (0, 1));
    assert!(objects(&store).await.is_empty());
}

/// A registry that gives up everything.
async fn refusing(bus: &Bus) -> tidings::Running {
    let handler = |_: Taken, _: Context| async { Err(Failure::reject("never")) };
    Registry::new("shop").handle::<Taken>(handler).start(bus).await.unwrap()
}

async fn an_object_of_a_dead_letter_stays(env: Env) {
    let (bus, store) = scans(&env).await;
    let running = refusing(&bus).await;
    bus.publish(&taken(1, 1_500_000)).await.unwrap();
    let [letter] = letters(&bus.dead_letters("shop"), 1).await.try_into().unwrap();
    running.shutdown().await;
    bus.stream::<Scans>().purge().await.unwrap();
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed), (1, 0));
    assert_eq!(objects(&store).await.len(), 1);
    bus.dead_letters("shop").purge(letter.sequence()).await.unwrap();
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed), (0, 1));
}

async fn an_event_that_is_put_back_keeps_its_object(env: Env) {
    let (bus, _) = scans(&env).await;
    let running = refusing(&bus).await;
    let event = taken(1, 1_500_000);
    bus.publish(&event).await.unwrap();
    letters(&bus.dead_letters("shop"), 1).await;
    running.shutdown().await;
    bus.stream::<Scans>().purge().await.unwrap();
    let report = bus.dead_letters("shop").redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!(report.redriven, 1);
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed), (1, 0));
    let mut flow = bus.consume::<Taken>("reader").await.unwrap();
    assert!(*next(&mut flow).await == event);
}

async fn a_copy_of_the_stream_keeps_an_object(env: Env) {
    let (bus, _) = scans(&env).await;
    let mut copy = StreamConfig::new("COPY", Vec::<String>::new());
    copy.mirror = Some(Source::new("SCANS"));
    let made = bus.apply(bus.plan_stream(&copy).await.unwrap()).await;
    if env.is_exact() && made.is_err() {
        // The broker in memory makes no copies.
        return;
    }
    made.unwrap();
    bus.publish(&taken(1, 1_500_000)).await.unwrap();
    eventually(BY_AND_BY, "it is copied", || async {
        let streams = bus.streams().await.map_err(|error| error.to_string())?;
        let copied = streams.iter().find(|one| one.config.name == "COPY");
        let messages = copied.map(|one| one.state.messages);
        if messages == Some(1) { Ok(()) } else { Err(format!("{messages:?}")) }
    })
    .await;
    bus.stream::<Scans>().purge().await.unwrap();
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed), (1, 0));
}

async fn many_events_and_few_objects(env: Env) {
    let (bus, store) = scans(&env).await;
    let events = |from: u64| (from..from + 3000).map(|number| taken(number, 20));
    bus.publish_all(events(0)).await.unwrap();
    bus.publish(&taken(10_001, 1_500_000)).await.unwrap();
    bus.publish_all(events(20_000)).await.unwrap();
    let gone = bus.publish(&taken(10_002, 1_500_000)).await.unwrap();
    bus.publish_all(events(30_000)).await.unwrap();
    bus.publish(&taken(10_003, 1_500_000)).await.unwrap();
    bus.stream::<Scans>().delete_message(gone.sequence).await.unwrap();
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.removed), (2, 1));
    assert_eq!(objects(&store).await.len(), 2);
}

async fn what_a_cut_upload_has_left_goes(env: Env) {
    let (bus, _) = scans(&env).await;
    bus.publish(&taken(1, 1_500_000)).await.unwrap();
    let whole = bus.stream::<ScansLarge>().state().await.unwrap().messages;
    // As a process leaves it that dies while it uploads.
    let part =
        tidings::Record::new(format!("$O.{STORE}.C.cut"), tidings::Headers::new(), vec![7; 1000]);
    let part = part.unwrap().in_stream("OBJ_SCANS-large").unwrap();
    bus.publish_record(&part).await.unwrap();
    let swept = bus.sweep_large::<Scans>().await.unwrap();
    assert_eq!((swept.young, swept.uploads), (1, 0));
    let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap();
    assert_eq!((swept.kept, swept.uploads), (1, 1));
    assert_eq!(bus.stream::<ScansLarge>().state().await.unwrap().messages, whole);
}

async fn without_the_stream_nothing_goes(env: Env) {
    let (bus, store) = scans(&env).await;
    bus.publish(&taken(1, 1_500_000)).await.unwrap();
    bus.stream::<Scans>().delete().await.unwrap();
    let error = bus.sweep_large::<Scans>().older_than(AT_ONCE).await.unwrap_err();
    assert!(matches!(error, SweepLargeError::NoStream { .. }), "{error:?}");
    assert_eq!(objects(&store).await.len(), 1);
    bus.stream::<ScansLarge>().delete().await.unwrap();
    let error = bus.sweep_large::<Scans>().await.unwrap_err();
    let is_named = matches!(&error, SweepLargeError::Objects { store, .. } if store == STORE);
    assert!(is_named, "{error:?}");
}

/// Events that are published while their store is swept stay readable: their objects are too young.
async fn a_sweep_beside_publishers_takes_nothing_away(env: Env) {
    let (bus, store) = scans(&env).await;
    let publishing = bus.clone();
    let publisher = tokio::spawn(async move {
        let mut sequences = Vec::new();
        for number in 0..20 {
            let event = taken(number, 1_100_000);
            sequences.push(publishing.publish(&event).await.unwrap().sequence);
        }
        sequences
    });
    let grace = Duration::from_secs(30);
    while !publisher.is_finished() {
        let swept = bus.sweep_large::<Scans>().older_than(grace).await.unwrap();
        assert_eq!(swept.removed + swept.uploads, 0);
        tokio::task::yield_now().await;
    }
    for sequence in publisher.await.unwrap() {
        let stored = bus.stream::<Scans>().get(sequence).await.unwrap().unwrap();
        assert_eq!(stored.decode::<Taken>().unwrap().image.len(), 1_100_000);
    }
    assert_eq!(objects(&store).await.len(), 20);
}

/// A stream, and a store, whose messages live for a moment.
#[derive(EventStream)]
#[stream(
    name = "FLASHES",
    subjects("flashes.>"),
    max_age = "1s",
    duplicate_window = "1s",
    large_store(name = "flashes", max_age = "2s")
)]
struct Flashes;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "flashes.seen", stream = Flashes, large(over = "1KiB"))]
struct Seen {
    image: String,
}

async fn an_object_is_as_old_as_its_store_lets_it(env: Env) {
    let bus = env.bus_with::<Flashes>().await;
    bus.publish(&Seen { image: super::text(1, 5000) }).await.unwrap();
    let store = bus.objects("flashes");
    assert_eq!(objects(&store).await.len(), 1);
    eventually(BY_AND_BY, "the event and its object are gone", || async {
        let events = bus.stream::<Flashes>().state().await.unwrap().messages;
        let left = objects(&store).await.len();
        // Never the object first.
        assert!(events == 0 || left == 1, "{events} {left}");
        if events == 0 && left == 0 { Ok(()) } else { Err(format!("{events} {left}")) }
    })
    .await;
}

/// The server dies once the object is stored and before the event is.
async fn an_object_whose_event_was_never_stored_goes(mut env: Env) {
    let (bus, store) = scans(&env).await;
    let event = taken(1, 1_500_000);
    let error = bus.message(&event).expected_last_sequence(9).publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Conflict { .. }), "{error:?}");
    env.crash().await;
    let swept = eventually(BY_AND_BY, "it can be swept", || async {
        let swept = bus.sweep_large::<Scans>().older_than(AT_ONCE).await;
        swept.map_err(|error| error.to_string())
    })
    .await;
    assert_eq!((swept.kept, swept.removed), (0, 1));
    assert_eq!(bus.stream::<Scans>().state().await.unwrap().messages, 0);
    assert!(objects(&store).await.is_empty());
    bus.publish(&event).await.unwrap();
    let mut flow = bus.consume::<Taken>("reader").await.unwrap();
    assert!(*soon(flow.next()).await.unwrap().unwrap() == event);
}
