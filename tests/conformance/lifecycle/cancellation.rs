//! Futures and subscriptions that are dropped half-way: all else stays as it was.

use std::collections::HashSet;

use tidings::prelude::*;
use tokio::sync::mpsc;

use crate::support::env::{Env, SHORT, never, next, soon};
use crate::support::message::{ParcelEvent, Parcels, Region, Seen, Sent, sent};

scenarios! {
    also_on_threads:
        a_subscription_dropped_in_mid_stream_leaves_the_others,
        what_was_confirmed_before_a_publisher_was_dropped_is_stored,
        publishes_dropped_half_way_are_stored_once_or_not,
        a_batch_dropped_half_way_is_stored_up_to_there;
}

/// Numbers that are stored, in the order of the stream, with what is on the way.
async fn stored(bus: &Bus) -> Vec<u64> {
    // A flush says that the server has what was sent; only an ack from behind says that the stream
    // has stored it.
    let end = bus.publish(&Seen { number: 0, region: Region::Eu }).await.unwrap();
    let mut replay = bus.replay::<ParcelEvent>(DeliverFrom::Beginning).await.unwrap();
    let mut numbers = Vec::new();
    loop {
        let delivery = next(&mut replay).await;
        match &*delivery {
            ParcelEvent::Sent(event) => numbers.push(event.number),
            ParcelEvent::Seen(_) if delivery.sequence() == end.sequence => return numbers,
            ParcelEvent::Seen(_) => {}
        }
    }
}

async fn a_subscription_dropped_in_mid_stream_leaves_the_others(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut gone_live = bus.subscribe::<Sent>().await.unwrap();
    let mut live = bus.subscribe::<Sent>().await.unwrap();
    bus.publish_all((1..=200).map(sent)).await.unwrap();
    let mut gone_stored = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    let mut stored = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    let open = |bus: Bus| async move {
        bus.consume::<Sent>("billing").ack_wait(SHORT * 3).prefetch(16).await
    };
    let mut gone_work = open(bus.clone()).await.unwrap();
    for number in 1..=50 {
        assert_eq!(next(&mut gone_live).await.number, number);
        assert_eq!(next(&mut gone_stored).await.number, number);
        let delivery = next(&mut gone_work).await;
        assert_eq!(delivery.number, number);
        delivery.ack_confirmed().await.unwrap();
    }
    // One more that is never settled.
    assert_eq!(next(&mut gone_work).await.number, 51);
    drop((gone_live, gone_stored, gone_work));

    for number in 1..=200 {
        assert_eq!(next(&mut live).await.number, number);
        assert_eq!(next(&mut stored).await.number, number);
    }
    // What the reader had fetched and not settled comes again; the rest as if nothing were.
    let mut work = open(env.another_bus().await).await.unwrap();
    let mut left = HashSet::new();
    for _ in 51..=200 {
        let delivery = next(&mut work).await;
        assert!(left.insert(delivery.number), "{} twice", delivery.number);
        assert!(delivery.attempt() == 1 || delivery.number <= 51 + 16, "{delivery:?}");
        delivery.ack_confirmed().await.unwrap();
    }
    assert_eq!(left, (51..=200).collect());
    never(SHORT * 4, work.next()).await;
    bus.publish(&sent(201)).await.unwrap();
    assert_eq!(next(&mut live).await.number, 201);
    assert_eq!(next(&mut work).await.number, 201);
}

async fn what_was_confirmed_before_a_publisher_was_dropped_is_stored(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (sender, mut confirmed) = mpsc::unbounded_channel();
    let publishing = tokio::spawn({
        let publisher = bus.publisher::<Sent>();
        async move {
            for number in 1.. {
                let ack = publisher.publish(&sent(number)).await.unwrap();
                sender.send((number, ack.sequence)).unwrap();
            }
        }
    });
    for number in 1..=100 {
        assert_eq!(soon(confirmed.recv()).await, Some((number, number)));
    }
    publishing.abort();
    assert!(publishing.await.unwrap_err().is_cancelled());
    let mut last = 100;
    while let Some((number, _)) = confirmed.recv().await {
        last = number;
    }
    let stored = stored(&bus).await;
    assert!(stored.len() as u64 == last || stored.len() as u64 == last + 1, "{last}: {stored:?}");
    assert_eq!(stored, (1..=stored.len() as u64).collect::<Vec<_>>());
}

async fn publishes_dropped_half_way_are_stored_once_or_not(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    for number in 1..=200 {
        let event = sent(number);
        tokio::select! {
            biased;
            outcome = bus.publish(&event) => drop(outcome.unwrap()),
            () = tokio::task::yield_now() => {}
        }
    }
    let before: HashSet<u64> = stored(&bus).await.into_iter().collect();
    let acks = bus.publish_all((1..=200).map(sent)).await.unwrap();
    for (number, ack) in (1..).zip(&acks) {
        assert_eq!(ack.duplicate, before.contains(&number), "{number}");
    }
    let mut all = stored(&bus).await;
    all.sort_unstable();
    assert_eq!(all, (1..=200).collect::<Vec<_>>());
}

async fn a_batch_dropped_half_way_is_stored_up_to_there(env: Env) {
    const ALL: u64 = 5000;
    let bus = env.bus_with::<Parcels>().await;
    let mut live = bus.subscribe::<Sent>().await.unwrap();
    tokio::select! {
        biased;
        first = next(&mut live) => assert_eq!(first.number, 1),
        outcome = bus.publish_all((1..=ALL).map(sent)) => {
            panic!("all were confirmed before the first was heard: {}", outcome.is_ok())
        }
    }
    let half = stored(&bus).await;
    assert_eq!(half, (1..=half.len() as u64).collect::<Vec<_>>(), "none is left out");
    assert!(half.len() < usize::try_from(ALL).unwrap());
    let acks = bus.publish_all((1..=ALL).map(sent)).await.unwrap();
    assert_eq!(acks.iter().filter(|ack| ack.duplicate).count(), half.len());
    assert_eq!(stored(&bus).await, (1..=ALL).collect::<Vec<_>>());
}
