//! A stream's history.

use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{From, SubscribeError};

use crate::env::{Env, never, next};
use crate::message::{Parcels, Region, Seen, Sent, sent};

pub(crate) async fn from_the_beginning_in_order(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=1000).map(sent)).await.unwrap();
    let mut replay = bus.replay::<Sent>(From::Beginning).await.unwrap();
    for number in 1..=1000 {
        let delivery = next(&mut replay).await;
        assert_eq!((delivery.number, delivery.sequence()), (number, number));
        assert_eq!(delivery.stream(), "PARCELS");
    }
    never(Duration::from_millis(100), replay.next()).await;
    // Nothing was acknowledged: every reader sees all.
    let mut again = bus.replay::<Sent>(From::Beginning).await.unwrap();
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
    env.bus().replay::<Lost>(From::Beginning).await.unwrap_err()
}

pub(crate) async fn from_a_sequence_and_a_time(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=5).map(sent)).await.unwrap();
    let mut since = bus.replay::<Sent>(From::Sequence(4)).await.unwrap();
    assert_eq!(next(&mut since).await.number, 4);
    let last = next(&mut since).await;
    assert_eq!(last.number, 5);

    tokio::time::sleep(Duration::from_millis(20)).await;
    let later = last.stored_at() + Duration::from_millis(10);
    bus.publish(&sent(6)).await.unwrap();
    let mut since = bus.replay::<Sent>(From::Time(later)).await.unwrap();
    assert_eq!(next(&mut since).await.number, 6);
    let mut since = bus.replay::<Sent>(From::Time(SystemTime::UNIX_EPOCH)).await.unwrap();
    assert_eq!(next(&mut since).await.number, 1);
}

pub(crate) async fn last_of_each_subject(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    for (number, region) in [(1, Region::Eu), (2, Region::Us), (3, Region::Eu)] {
        bus.publish(&Sent::new(number, region)).await.unwrap();
    }
    let mut last = bus.replay::<Sent>(From::LastPerSubject).await.unwrap();
    assert_eq!(next(&mut last).await.number, 2);
    assert_eq!(next(&mut last).await.number, 3);
    bus.publish(&Sent::new(4, Region::Us)).await.unwrap();
    assert_eq!(next(&mut last).await.number, 4);
}

pub(crate) async fn only_new_ones(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&sent(1)).await.unwrap();
    let mut new = bus.replay::<Sent>(From::New).await.unwrap();
    bus.publish(&sent(2)).await.unwrap();
    assert_eq!(next(&mut new).await.number, 2);
}

pub(crate) async fn one_region_of_the_history(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    for number in 1..=6 {
        let region = if number % 2 == 0 { Region::Us } else { Region::Eu };
        bus.publish(&Sent::new(number, region)).await.unwrap();
        bus.publish(&Seen { number, region }).await.unwrap();
    }
    let us = Sent::filter().region(Region::Us);
    let mut replay = bus.replay_of(us, From::Beginning).await.unwrap();
    for number in [2, 4, 6] {
        assert_eq!(next(&mut replay).await.number, number);
    }
    never(Duration::from_millis(100), replay.next()).await;
}

pub(crate) async fn while_publishing_each_once_in_order(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=500).map(sent)).await.unwrap();
    let mut replay = bus.replay::<Sent>(From::Beginning).await.unwrap();
    let other = env.another_bus().await;
    let publishing =
        tokio::spawn(async move { other.publish_all((501..=2000).map(sent)).await.unwrap() });
    for number in 1..=2000 {
        assert_eq!(next(&mut replay).await.number, number);
    }
    publishing.await.unwrap();
    never(Duration::from_millis(100), replay.next()).await;
}
