//! Publishing what is large: once, in order, together, or refused before anything is sent.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{ObjectPutError, PublishError, StreamConfig};

use super::{OBJECT, Scans, ScansLarge, Taken, objects, scans, taken};
use crate::support::env::{Env, next};

scenarios! {
    every_bus:
        the_same_again_is_a_duplicate,
        another_one_of_the_same_id_changes_nothing,
        a_mix_of_many_keeps_its_order,
        all_or_nothing,
        a_store_that_is_missing,
        a_full_store,
        a_sealed_store,
        what_waits_for_its_time_is_refused,
        a_record_is_refused,
        an_event_that_its_stream_refuses_leaves_no_event,
        the_store_is_planned_with_its_stream;
}

async fn the_same_again_is_a_duplicate(env: Env) {
    let (bus, store) = scans(&env).await;
    let event = taken(1, 3_000_000);
    let first = bus.publish(&event).await.unwrap();
    let again = bus.publish(&event).await.unwrap();
    assert_eq!((again.sequence, again.duplicate), (first.sequence, true));
    assert_eq!(bus.stream::<Scans>().state().await.unwrap().messages, 1);
    assert_eq!(objects(&store).await.len(), 1);
    let stored = bus.stream::<Scans>().get(first.sequence).await.unwrap().unwrap();
    assert!(stored.decode::<Taken>().unwrap() == event);
}

/// The stream takes it for a duplicate, and the first one is still whole.
async fn another_one_of_the_same_id_changes_nothing(env: Env) {
    let (bus, _) = scans(&env).await;
    let event = taken(1, 2_000_000);
    let first = bus.publish(&event).await.unwrap();
    let other = Taken { image: super::text(99, 2_000_000), ..event.clone() };
    assert!(bus.publish(&other).await.unwrap().duplicate);
    let stored = bus.stream::<Scans>().get(first.sequence).await.unwrap().unwrap();
    assert!(stored.decode::<Taken>().unwrap() == event);
}

async fn a_mix_of_many_keeps_its_order(env: Env) {
    let (bus, store) = scans(&env).await;
    let events =
        |from: u64| (from..from + 30).map(|n| taken(n, if n % 7 == 0 { 1_200_000 } else { 50 }));
    let acks = bus.publish_all(events(1)).await.unwrap();
    let sequences: Vec<_> = acks.iter().map(|ack| ack.sequence).collect();
    assert_eq!(sequences, (1..=30).collect::<Vec<_>>());
    assert_eq!(objects(&store).await.len(), 4);
    let mut flow = bus.consume::<Taken>("reader").await.unwrap();
    for event in events(1) {
        let delivery = next(&mut flow).await;
        assert!(*delivery == event);
        delivery.ack().await.unwrap();
    }
}

async fn all_or_nothing(env: Env) {
    let (bus, _) = scans(&env).await;
    let events = [taken(1, 2_000_000), taken(2, 10), taken(3, 1_500_000)];
    let mut batch = bus.atomic();
    for event in &events {
        batch.add(event).unwrap();
    }
    let ack = batch.publish().await.unwrap();
    assert_eq!((ack.first_sequence, ack.last_sequence, ack.duplicate), (1, 3, false));
    assert!(batch.publish().await.unwrap().duplicate);
    for (sequence, event) in (1..).zip(&events) {
        let stored = bus.stream::<Scans>().get(sequence).await.unwrap().unwrap();
        assert!(stored.decode::<Taken>().unwrap() == *event);
    }
}

async fn a_store_that_is_missing(env: Env) {
    let bus = env.bus();
    let plan = bus.plan::<Scans>().await.unwrap();
    bus.apply(plan).await.unwrap();
    let error = bus.publish(&taken(1, 2_000_000)).await.unwrap_err();
    let PublishError::Large { subject, store, source } = &error else { panic!("{error:?}") };
    assert_eq!((&**subject, *store), ("scans.hall.taken", "SCANS-large"));
    assert!(matches!(**source, ObjectPutError::NoStore { .. }), "{source:?}");
    assert!(error.to_string().contains("bus.provision"), "{error}");
    // What fits is published all the same, and of many the others are.
    let outcomes = bus.publish_all([taken(2, 5), taken(3, 2_000_000), taken(4, 5)]).await;
    let outcomes = outcomes.unwrap_err().outcomes;
    assert!(matches!(&outcomes[..], [Ok(_), Err(PublishError::Large { .. }), Ok(_)]));
    assert_eq!(bus.stream::<Scans>().state().await.unwrap().messages, 2);
}

async fn a_full_store(env: Env) {
    let (bus, _) = scans(&env).await;
    let mut config = bus.stream::<ScansLarge>().config().await.unwrap().unwrap();
    config.max_bytes = Some(1_000_000);
    let plan = bus.plan_stream(&config).await.unwrap().allow_data_loss();
    bus.apply(plan).await.unwrap();
    let error = bus.publish(&taken(1, 2_000_000)).await.unwrap_err();
    let PublishError::Large { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, ObjectPutError::Full { .. }), "{source:?}");
    assert!(!error.to_string().contains("provision"), "the store is there: {error}");
    assert_eq!(bus.stream::<Scans>().state().await.unwrap().messages, 0);
}

/// A sealed store is read, and takes nothing.
async fn a_sealed_store(env: Env) {
    let (bus, store) = scans(&env).await;
    let ack = bus.publish(&taken(1, 2_000_000)).await.unwrap();
    store.seal().await.unwrap();
    let error = bus.publish(&taken(2, 2_000_000)).await.unwrap_err();
    let PublishError::Large { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, ObjectPutError::Sealed { .. }), "{source:?}");
    assert!(error.to_string().contains("sealed"), "{error}");
    assert_eq!(bus.stream::<Scans>().state().await.unwrap().messages, 1);
    let stored = bus.stream::<Scans>().get(ack.sequence).await.unwrap().unwrap();
    assert_eq!(stored.decode::<Taken>().unwrap(), taken(1, 2_000_000));
    // The same again would be stored again.
    let again = bus.publish(&taken(1, 2_000_000)).await;
    assert!(matches!(again, Err(PublishError::Large { .. })), "{again:?}");
}

async fn what_waits_for_its_time_is_refused(env: Env) {
    let bus = env.bus();
    let mut config = Scans::config();
    config.allow_message_schedules = true;
    config.subjects.push("_schedules.SCANS.>".into());
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let event = taken(1, 2_000_000);
    let delayed = bus.message(&event).delay(Duration::from_secs(60));
    let error = delayed.publish().await.unwrap_err();
    let is_refused =
        matches!(error, PublishError::LargeRefused { .. } | PublishError::Delay { .. });
    assert!(is_refused, "{error:?}");
    assert!(error.to_string().contains("`scans.hall.taken`"), "{error}");
}

async fn a_record_is_refused(env: Env) {
    let (bus, store) = scans(&env).await;
    let event = taken(1, 2_000_000);
    let error = bus.message(&event).record().unwrap_err();
    let PublishError::LargeRefused { size, limit, .. } = &error else { panic!("{error:?}") };
    assert!(*size > 2_000_000 && *limit == super::LIMIT);
    assert!(error.to_string().contains("publish it by itself"), "{error}");
    assert!(bus.message(&taken(2, 10)).record().is_ok());
    assert!(objects(&store).await.is_empty());
}

async fn an_event_that_its_stream_refuses_leaves_no_event(env: Env) {
    let (bus, store) = scans(&env).await;
    let event = taken(1, 2_000_000);
    let error = bus.message(&event).expected_last_sequence(9).publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Conflict { .. }), "{error:?}");
    assert_eq!(bus.stream::<Scans>().state().await.unwrap().messages, 0);
    // Its object waits to be swept, or for the event.
    assert_eq!(objects(&store).await.len(), 1);
    let ack = bus.publish(&event).await.unwrap();
    let stored = bus.stream::<Scans>().get(ack.sequence).await.unwrap().unwrap();
    assert!(stored.headers.get(OBJECT).is_some() && stored.decode::<Taken>().unwrap() == event);
    assert_eq!(objects(&store).await.len(), 1);
}

async fn the_store_is_planned_with_its_stream(env: Env) {
    let bus = env.bus();
    let handler = |_: Taken, _: Context| async { Ok(()) };
    let registry = || Registry::new("shop").handle::<Taken>(handler);
    let streams = |plan: tidings::RegistryPlan| {
        let each = plan.streams.into_iter();
        each.map(|plan| (plan.stream, plan.action.to_string())).collect::<Vec<_>>()
    };
    let planned = streams(registry().plan(&bus).await.unwrap());
    let expect = |action: &str| {
        ["SCANS", "OBJ_SCANS-large"].map(|stream| (stream.to_owned(), action.to_owned()))
    };
    assert_eq!(planned, expect("create"));
    let running = registry().start(&bus).await.unwrap();
    assert_eq!(streams(registry().plan(&bus).await.unwrap()), expect("nothing to do"));
    running.shutdown().await;
    let store: StreamConfig = bus.stream::<ScansLarge>().config().await.unwrap().unwrap();
    assert_eq!((store.storage, store.max_age), (tidings::Storage::File, None));
    let plan = bus.plan_large_store::<Scans>().await.unwrap().unwrap();
    assert_eq!(plan.action, tidings::PlanAction::Nothing, "{plan}");
}
