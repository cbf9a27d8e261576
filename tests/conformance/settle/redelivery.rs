//! Promise 3 by hand: when a message comes again, and when not.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use crate::support::env::{Env, SHORT, never, next};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        what_is_acked_does_not_come_again,
        a_confirmed_ack,
        nothing_comes_twice_within_the_ack_wait,
        what_is_not_acked_comes_again_after_the_ack_wait,
        nak_brings_it_back_after_its_delay,
        progress_keeps_a_message,
        reject_ends_it;
}

const ACK_WAIT: Duration = Duration::from_millis(500);

/// Two readers of one consumer hold ten messages for most of their ack wait.
async fn nothing_comes_twice_within_the_ack_wait(env: Env) {
    let ack_wait = Duration::from_secs(2);
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    let mut one = bus.consume::<Sent>("billing").ack_wait(ack_wait).await.unwrap();
    let mut held = Vec::new();
    for number in 1..=10 {
        let delivery = next(&mut one).await;
        assert_eq!((delivery.number, delivery.attempt()), (number, 1));
        held.push(delivery);
    }
    let other = env.another_bus().await;
    let mut two = other.consume::<Sent>("billing").ack_wait(ack_wait).await.unwrap();
    let mut any = futures_util::stream::select(&mut one, &mut two);
    never(ack_wait / 4, any.next()).await;
    for delivery in held {
        delivery.ack_confirmed().await.unwrap();
    }
    never(ack_wait, any.next()).await;
    let state = bus.stream::<Parcels>().consumer_state("billing").await.unwrap();
    assert_eq!((state.delivered, state.ack_pending, state.pending), (10, 0, 0));
}

async fn what_is_acked_does_not_come_again(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=20).map(sent)).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").ack_wait(ACK_WAIT).await.unwrap();
    for number in 1..=20 {
        let delivery = next(&mut work).await;
        assert_eq!(delivery.number, number);
        delivery.ack().await.unwrap();
    }
    never(ACK_WAIT * 2, work.next()).await;
}

async fn what_is_not_acked_comes_again_after_the_ack_wait(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&sent(1)).await.unwrap();
    let begun = Instant::now();
    let mut work = bus.consume::<Sent>("billing").ack_wait(ACK_WAIT).await.unwrap();
    let first = next(&mut work).await;
    assert_eq!(first.attempt(), 1);
    let second = next(&mut work).await;
    assert!(begun.elapsed() >= ACK_WAIT, "not before its time: {:?}", begun.elapsed());
    assert_eq!((second.number, second.attempt()), (1, 2));
    assert_eq!(first.sequence(), second.sequence());
    second.ack().await.unwrap();
    never(ACK_WAIT * 2, work.next()).await;
}

async fn nak_brings_it_back_after_its_delay(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&sent(1)).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").await.unwrap();
    next(&mut work).await.nak(None).await.unwrap();
    let again = next(&mut work).await;
    assert_eq!(again.attempt(), 2);
    let begun = Instant::now();
    again.nak(Some(ACK_WAIT)).await.unwrap();
    let again = next(&mut work).await;
    assert!(begun.elapsed() >= ACK_WAIT, "{:?}", begun.elapsed());
    assert_eq!(again.attempt(), 3);
    again.ack().await.unwrap();
    never(SHORT, work.next()).await;
}

async fn progress_keeps_a_message(env: Env) {
    let ack_wait = ACK_WAIT * 2;
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&sent(1)).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").ack_wait(ack_wait).await.unwrap();
    let slow = next(&mut work).await;
    for _ in 0..8 {
        // It is still ours: it does not come to anybody meanwhile.
        never(ack_wait / 5, work.next()).await;
        slow.progress().await.unwrap();
    }
    slow.ack_confirmed().await.unwrap();
    never(ack_wait + SHORT, work.next()).await;
}

async fn reject_ends_it(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&sent(1)).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").ack_wait(ACK_WAIT).await.unwrap();
    next(&mut work).await.reject("no such parcel").await.unwrap();
    never(ACK_WAIT * 2, work.next()).await;
}

async fn a_confirmed_ack(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").ack_wait(ACK_WAIT).await.unwrap();
    for _ in 0..3 {
        next(&mut work).await.ack_confirmed().await.unwrap();
    }
    never(ACK_WAIT * 2, work.next()).await;
}
