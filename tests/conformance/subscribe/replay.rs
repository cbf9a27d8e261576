//! A stream's history.

use std::future::IntoFuture as _;
use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{ReceiveError, SubscribeError};
use tidings_tests::eventually;

use crate::support::env::{BY_AND_BY, Env, SOON, never, next, soon, within};
use crate::support::message::{ParcelEvent, Parcels, Region, Seen, Sent, sent};

scenarios! {
    also_on_threads:
        from_the_beginning_in_order,
        from_a_sequence_and_a_time,
        from_a_time_with_several_filters,
        dropped_replays_leave_no_consumer,
        one_of_a_stream_that_is_made_again_ends,
        last_of_each_subject,
        only_new_ones,
        one_region_of_the_history,
        while_publishing_each_once_in_order;
}

async fn from_the_beginning_in_order(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=1000).map(sent)).await.unwrap();
    let mut replay = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    for number in 1..=1000 {
        let delivery = next(&mut replay).await;
        assert_eq!((delivery.number, delivery.sequence()), (number, number));
        assert_eq!(delivery.stream(), "PARCELS");
    }
    never(Duration::from_millis(100), replay.next()).await;
    // Nothing was acknowledged: every reader sees all.
    let mut again = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    assert_eq!(next(&mut again).await.number, 1);

    let nowhere = env_without_stream(&env).await;
    assert!(matches!(nowhere, SubscribeError::NoStream { stream: "NOWHERE" }), "{nowhere:?}");
}

#[derive(EventStream)]
#[stream(name = "NOWHERE", subjects("nowhere.>"))]
struct Nowhere;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "nowhere.seen", stream = Nowhere)]
struct Lost {
    number: u64,
}

async fn env_without_stream(env: &Env) -> SubscribeError {
    env.bus().replay::<Lost>(DeliverFrom::Beginning).await.unwrap_err()
}

async fn from_a_sequence_and_a_time(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=5).map(sent)).await.unwrap();
    let mut since = bus.replay::<Sent>(DeliverFrom::Sequence(4)).await.unwrap();
    assert_eq!(next(&mut since).await.number, 4);
    let last = next(&mut since).await;
    assert_eq!(last.number, 5);

    // So that there is a time between the fifth and the sixth.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let later = last.stored_at() + Duration::from_millis(10);
    bus.publish(&sent(6)).await.unwrap();
    let mut since = bus.replay::<Sent>(DeliverFrom::Time(later)).await.unwrap();
    assert_eq!(next(&mut since).await.number, 6);
    let mut since = bus.replay::<Sent>(DeliverFrom::Time(SystemTime::UNIX_EPOCH)).await.unwrap();
    assert_eq!(next(&mut since).await.number, 1);
}

async fn from_a_time_with_several_filters(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    // Each is stored at a time of its own.
    for number in [1, 2, 5, 6, 9, 10] {
        bus.publish(&sent(number)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
        if number % 2 == 0 {
            for number in [number + 1, number + 2] {
                bus.publish(&Seen { number, region: Region::Eu }).await.unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
    let mut all = bus.replay::<ParcelEvent>(DeliverFrom::Beginning).await.unwrap();
    for sequence in 1..=12 {
        let first = next(&mut all).await;
        assert_eq!(first.sequence(), sequence);
        let from = DeliverFrom::Time(first.stored_at());
        let mut since = bus.replay::<ParcelEvent>(from).await.unwrap();
        let name = format!("since-{sequence}");
        let mut durable = bus.consume::<ParcelEvent>(name).from(from).await.unwrap();
        for sequence in sequence..=12 {
            assert_eq!(next(&mut since).await.sequence(), sequence);
            assert_eq!(next(&mut durable).await.sequence(), sequence);
        }
    }
    // Where nothing is that late, it is what comes next.
    let from = DeliverFrom::Time(SystemTime::now() + Duration::from_secs(3600));
    let mut new = bus.replay::<ParcelEvent>(from).await.unwrap();
    bus.publish(&sent(13)).await.unwrap();
    assert_eq!(next(&mut new).await.sequence(), 13);
}

/// Stream with room for few consumers.
#[derive(EventStream)]
#[stream(name = "CROWDED", subjects("crowded.>"), retention = "interest", max_consumers = 3)]
struct Crowded;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "crowded.seen", stream = Crowded)]
struct Crowd {
    number: u64,
}

async fn consumers<S: EventStream>(bus: &Bus, expected: u64) {
    eventually(SOON, format!("{expected} consumers"), || async {
        let found = bus.stream::<S>().state().await.unwrap().consumers;
        if found == expected { Ok(()) } else { Err(found) }
    })
    .await;
}

async fn dropped_replays_leave_no_consumer(env: Env) {
    let bus = env.bus_with::<Crowded>().await;
    let mut kept = bus.replay::<Crowd>(DeliverFrom::New).await.unwrap();
    for number in 1..=100 {
        let mut replay = bus.replay::<Crowd>(DeliverFrom::New).await.unwrap();
        bus.publish(&Crowd { number }).await.unwrap();
        assert_eq!(next(&mut replay).await.number, number);
        assert_eq!(next(&mut kept).await.number, number);
    }
    // Some are given up while they are made.
    for tries in 0..100 {
        let mut opening = Box::pin(bus.replay::<Crowd>(DeliverFrom::Beginning).into_future());
        for _ in 0..tries % 10 {
            if futures_util::poll!(opening.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    consumers::<Crowded>(&bus, 1).await;
    bus.publish(&Crowd { number: 101 }).await.unwrap();
    assert_eq!(next(&mut kept).await.number, 101);
    drop(kept);
    consumers::<Crowded>(&bus, 0).await;
}

async fn one_of_a_stream_that_is_made_again_ends(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    for from in [
        DeliverFrom::Beginning,
        DeliverFrom::LastPerSubject,
        DeliverFrom::Sequence(10),
        DeliverFrom::New,
    ] {
        let mut replay = bus.replay::<Sent>(from).await.unwrap();
        if from != DeliverFrom::New {
            next(&mut replay).await;
        }
        bus.stream::<Parcels>().delete().await.unwrap();
        bus.provision::<Parcels>().await.unwrap();
        bus.publish_all((1..=10).map(sent)).await.unwrap();
        // What had come by then is still there.
        let ended = loop {
            match within(BY_AND_BY, replay.next()).await {
                Some(Ok(delivery)) => assert!(delivery.sequence() <= 10),
                ended => break ended.unwrap(),
            }
        };
        assert!(matches!(ended, Err(ReceiveError::ConsumerGone { .. })), "{from:?}: {ended:?}");
        assert!(soon(replay.next()).await.is_none(), "and then the flow ends");
    }
}

async fn last_of_each_subject(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    for (number, region) in [(1, Region::Eu), (2, Region::Us), (3, Region::Eu)] {
        bus.publish(&Sent::new(number, region)).await.unwrap();
    }
    let mut last = bus.replay::<Sent>(DeliverFrom::LastPerSubject).await.unwrap();
    assert_eq!(next(&mut last).await.number, 2);
    assert_eq!(next(&mut last).await.number, 3);
    bus.publish(&Sent::new(4, Region::Us)).await.unwrap();
    assert_eq!(next(&mut last).await.number, 4);
}

async fn only_new_ones(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&sent(1)).await.unwrap();
    let mut new = bus.replay::<Sent>(DeliverFrom::New).await.unwrap();
    bus.publish(&sent(2)).await.unwrap();
    assert_eq!(next(&mut new).await.number, 2);
}

async fn one_region_of_the_history(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    for number in 1..=6 {
        let region = if number % 2 == 0 { Region::Us } else { Region::Eu };
        bus.publish(&Sent::new(number, region)).await.unwrap();
        bus.publish(&Seen { number, region }).await.unwrap();
    }
    let us = Sent::filter().region(Region::Us);
    let mut replay = bus.replay_of(us, DeliverFrom::Beginning).await.unwrap();
    for number in [2, 4, 6] {
        assert_eq!(next(&mut replay).await.number, number);
    }
    never(Duration::from_millis(100), replay.next()).await;
}

async fn while_publishing_each_once_in_order(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=500).map(sent)).await.unwrap();
    let mut replay = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    let other = env.another_bus().await;
    let publishing =
        tokio::spawn(async move { other.publish_all((501..=2000).map(sent)).await.unwrap() });
    for number in 1..=2000 {
        assert_eq!(next(&mut replay).await.number, number);
    }
    publishing.await.unwrap();
    never(Duration::from_millis(100), replay.next()).await;
}
