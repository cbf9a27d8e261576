//! Promise 2: the same event is stored once.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join_all;
use tidings::prelude::*;
use tidings::{PublishError, Retention};
use tidings_tests::eventually;
use tokio::time::Instant;

use crate::support::env::{Env, SOON};
use crate::support::message::{Parcels, Region, Seen, Sent, sent};

scenarios! {
    every_bus:
        the_same_event_is_stored_once,
        a_rebuilt_event_is_the_same_by_its_id_fields,
        events_without_id_fields_are_all_stored,
        fifty_publishers_of_one_event_store_it_once,
        a_message_id_of_ones_own,
        a_longer_window_brings_no_id_back,
        an_id_of_what_nobody_wanted_is_forgotten_with_its_window,
        after_the_window_the_same_event_is_a_new_one;
}

async fn the_same_event_is_stored_once(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let first = bus.publish(&sent(1)).await.unwrap();
    let again = bus.publish(&sent(1)).await.unwrap();
    assert!(!first.duplicate);
    assert!(again.duplicate);
    assert_eq!(first.sequence, again.sequence);
    assert_eq!(bus.publish(&sent(2)).await.unwrap().sequence, 2, "nothing was stored between");
}

async fn a_rebuilt_event_is_the_same_by_its_id_fields(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let first = bus.publish(&sent(1)).await.unwrap();
    // Another process, another note: the id field says that it is the same event.
    let rebuilt = Sent { note: "rebuilt".into(), ..sent(1) };
    let again = env.another_bus().await.publish(&rebuilt).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.sequence, first.sequence);
}

async fn events_without_id_fields_are_all_stored(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let seen = Seen { number: 1, region: Region::Eu };
    for sequence in 1..=3 {
        let ack = bus.publish(&seen).await.unwrap();
        assert_eq!((ack.sequence, ack.duplicate), (sequence, false));
    }
}

async fn fifty_publishers_of_one_event_store_it_once(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let acks = join_all((0..50).map(|_| {
        let bus = bus.clone();
        async move { bus.publish(&sent(1)).await.unwrap() }
    }))
    .await;
    assert_eq!(acks.iter().filter(|ack| !ack.duplicate).count(), 1);
    assert!(acks.iter().all(|ack| ack.sequence == 1));
}

/// Ids are known for a second only, until somebody changes that.
#[derive(EventStream)]
#[stream(name = "TOLLS", subjects("tolls.>"), duplicate_window = "1s")]
struct Tolls;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "tolls.paid", stream = Tolls)]
struct Paid {
    #[event(id)]
    number: u64,
}

async fn a_longer_window_brings_no_id_back(env: Env) {
    let bus = env.bus_with::<Tolls>().await;
    bus.publish(&Paid { number: 1 }).await.unwrap();
    bus.publish(&Paid { number: 2 }).await.unwrap();
    eventually(SOON, "the end of the window", || async {
        let ack = bus.publish(&Paid { number: 2 }).await.unwrap();
        if ack.duplicate { Err(ack) } else { Ok(()) }
    })
    .await;
    let mut longer = Tolls::config();
    longer.duplicate_window = Some(Duration::from_secs(120));
    bus.apply(bus.plan_stream(&longer).await.unwrap()).await.unwrap();
    assert!(!bus.publish(&Paid { number: 1 }).await.unwrap().duplicate, "it was forgotten before");
    assert!(bus.publish(&Paid { number: 2 }).await.unwrap().duplicate);
}

async fn an_id_of_what_nobody_wanted_is_forgotten_with_its_window(env: Env) {
    let bus = env.bus();
    let configure = async |window| {
        let mut config = Tolls::config();
        config.retention = Retention::Interest;
        config.duplicate_window = Some(Duration::from_secs(window));
        bus.apply(bus.plan_stream(&config).await.unwrap().allow_data_loss()).await.unwrap();
    };
    configure(60).await;
    let publish = async || bus.publish(&Paid { number: 1 }).await.unwrap().duplicate;
    assert!(!publish().await);
    assert!(publish().await, "known, though it is not kept");
    // A server gives it no time, and so it is over whenever a window is looked at.
    configure(120).await;
    eventually(SOON, "the id's end", || async {
        if publish().await { Err("it is known") } else { Ok(()) }
    })
    .await;
}

async fn a_message_id_of_ones_own(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let event = sent(1);
    assert!(!bus.publish(&event).await.unwrap().duplicate);
    assert!(!bus.message(&event).message_id("another").publish().await.unwrap().duplicate);
    assert!(bus.message(&event).message_id("another").publish().await.unwrap().duplicate);
    for id in ["", "a b", "é", "a\nb"] {
        let error = bus.message(&event).message_id(id).publish().await.unwrap_err();
        assert!(matches!(error, PublishError::MessageId { .. }), "{error:?}");
    }
}

/// Remembers its messages for a second only.
#[derive(EventStream)]
#[stream(name = "PULSES", subjects("pulses.>"), duplicate_window = "1s")]
struct Pulses;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "pulses.felt", stream = Pulses)]
struct Felt {
    #[event(id)]
    number: u64,
}

async fn after_the_window_the_same_event_is_a_new_one(env: Env) {
    let window = Duration::from_secs(1);
    let bus = env.bus_with::<Pulses>().await;
    let (begun, felt) = (Instant::now(), Felt { number: 1 });
    assert_eq!(bus.publish(&felt).await.unwrap().sequence, 1);
    let duplicates = Cell::new(0);
    let again = eventually(SOON, "the window to pass", || async {
        let ack = bus.publish(&felt).await.unwrap();
        if ack.duplicate {
            assert_eq!(ack.sequence, 1, "the one that is stored");
            duplicates.set(duplicates.get() + 1);
        }
        (!ack.duplicate).then_some(ack)
    })
    .await;
    assert!(begun.elapsed() >= window, "not before its time: {:?}", begun.elapsed());
    assert!(duplicates.get() > 0);
    assert_eq!(again.sequence, 2);
    assert!(bus.publish(&felt).await.unwrap().duplicate, "a window of its own begins");
    assert_eq!(bus.stream::<Pulses>().state().await.unwrap().messages, 2);
}
