//! Promise 3 by hand: durable consumers and explicit acks.

use std::collections::HashSet;
use std::time::Duration;

use tidings::{DeliverFrom, Message as _, ReceiveError, SubscribeError};

use crate::support::env::{Env, never, next, soon};
use crate::support::message::{NotSent, ParcelEvent, Parcels, Region, Seen, Sent, sent};

scenarios! {
    every_bus:
        a_new_consumer_gets_old_messages,
        two_consumers_are_independent,
        two_readers_share_the_work,
        it_resumes_where_it_stopped,
        a_filter_narrows_what_is_consumed,
        after_the_last_delivery_a_message_stays_and_comes_no_more,
        an_undecodable_message_can_be_settled,
        another_configuration_is_refused,
        a_missing_stream_is_named_when_consuming;
}

const SHORT: Duration = Duration::from_millis(500);

async fn a_new_consumer_gets_old_messages(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=50).map(sent)).await.unwrap();
    bus.publish(&Seen { number: 0, region: Region::Eu }).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").await.unwrap();
    for number in 1..=50 {
        let delivery = next(&mut work).await;
        assert_eq!((delivery.number, delivery.attempt()), (number, 1));
        delivery.ack().await.unwrap();
    }
    let mut new = bus.consume::<Sent>("later").from(DeliverFrom::New).await.unwrap();
    bus.publish(&sent(51)).await.unwrap();
    assert_eq!(next(&mut new).await.number, 51);
    assert_eq!(next(&mut work).await.number, 51);
}

async fn two_consumers_are_independent(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=5).map(sent)).await.unwrap();
    for name in ["billing", "shipping"] {
        let mut work = bus.consume::<Sent>(name).await.unwrap();
        for number in 1..=5 {
            let delivery = next(&mut work).await;
            assert_eq!(delivery.number, number, "{name}");
            delivery.ack().await.unwrap();
        }
    }
}

async fn two_readers_share_the_work(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut one = bus.consume::<Sent>("billing").prefetch(1).await.unwrap();
    let other = env.another_bus().await;
    let mut two = other.consume::<Sent>("billing").prefetch(1).await.unwrap();
    bus.publish_all((1..=100).map(sent)).await.unwrap();
    let (mut seen, mut shares) = (HashSet::new(), [0, 0]);
    while seen.len() < 100 {
        let (place, delivery) = tokio::select! {
            delivery = next(&mut one) => (0, delivery),
            delivery = next(&mut two) => (1, delivery),
        };
        assert!(seen.insert(delivery.number), "{} twice", delivery.number);
        shares[place] += 1;
        delivery.ack_confirmed().await.unwrap();
    }
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
}

async fn it_resumes_where_it_stopped(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").prefetch(1).ack_wait(SHORT).await.unwrap();
    for _ in 0..4 {
        next(&mut work).await.ack_confirmed().await.unwrap();
    }
    drop(work);
    let later = env.another_bus().await;
    let mut work = later.consume::<Sent>("billing").ack_wait(SHORT).await.unwrap();
    let mut left = HashSet::new();
    while left.len() < 6 {
        let delivery = next(&mut work).await;
        left.insert(delivery.number);
        delivery.ack().await.unwrap();
    }
    assert_eq!(left, (5..=10).collect());
}

async fn an_undecodable_message_can_be_settled(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&NotSent { region: Region::Eu, nonsense: true }).await.unwrap();
    bus.publish(&sent(2)).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").ack_wait(SHORT).await.unwrap();
    match soon(work.next()).await.unwrap().unwrap_err() {
        ReceiveError::Decode { source, acker: Some(acker) } => {
            assert_eq!(source.payload().as_ref(), br#"{"region":"eu","nonsense":true}"#);
            acker.reject("nonsense").await.unwrap();
        }
        other => panic!("{other:?}"),
    }
    let delivery = next(&mut work).await;
    assert_eq!(delivery.number, 2);
    delivery.ack().await.unwrap();
    never(SHORT * 2, work.next()).await;
}

async fn another_configuration_is_refused(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    drop(bus.consume::<Sent>("billing").await.unwrap());
    let error = bus.consume::<Seen>("billing").await.unwrap_err();
    match &error {
        SubscribeError::Exists { stream: "PARCELS", consumer, differences, .. } => {
            assert_eq!(consumer, "billing");
            assert_eq!(differences[0].field, "filter_subjects");
            assert_eq!(differences[0].theirs.to_string(), "parcels.*.sent");
        }
        other => panic!("{other:?}"),
    }
    let error = bus.consume::<Sent>("billing").ack_wait(SHORT).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Exists { .. }), "{error:?}");
    drop(bus.consume::<Sent>("billing").await.unwrap());
    for name in ["", "a b", "a.b", "a*", "a/b"] {
        let error = bus.consume::<Sent>(name).await.unwrap_err();
        assert!(matches!(error, SubscribeError::Name { .. }), "{name:?}: {error:?}");
    }
}

async fn a_missing_stream_is_named_when_consuming(env: Env) {
    let error = env.bus().consume::<ParcelEvent>("billing").await.unwrap_err();
    assert!(matches!(error, SubscribeError::NoStream { stream: "PARCELS" }), "{error:?}");
}

async fn a_filter_narrows_what_is_consumed(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all([Sent::new(1, Region::Us), sent(2)]).await.unwrap();
    let european = || Sent::filter().region(Region::Eu);
    let mut work = bus.consume_of(european(), "eu").await.unwrap();
    let delivery = next(&mut work).await;
    assert_eq!((delivery.number, delivery.subject()), (2, "parcels.eu.sent"));
    delivery.ack().await.unwrap();
    never(SHORT, work.next()).await;
    let other = bus.consume::<Sent>("eu").await.unwrap_err();
    assert!(other.to_string().contains("filter"), "{other}");
}

async fn after_the_last_delivery_a_message_stays_and_comes_no_more(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&sent(1)).await.unwrap();
    let open = || bus.consume::<Sent>("billing").max_deliver(2);
    let mut work = open().await.unwrap();
    for attempt in 1..=2 {
        let delivery = next(&mut work).await;
        assert_eq!((delivery.number, delivery.attempt()), (1, attempt));
        delivery.nak(None).await.unwrap();
    }
    bus.publish(&sent(2)).await.unwrap();
    let delivery = next(&mut work).await;
    assert_eq!(delivery.number, 2);
    delivery.ack().await.unwrap();
    never(SHORT, work.next()).await;
    assert_eq!(bus.stream::<Parcels>().state().await.unwrap().messages, 2);
    drop(work);
    let other = bus.consume::<Sent>("billing").max_deliver(3).await.unwrap_err();
    assert!(other.to_string().contains("max_deliver"), "{other}");
    open().await.unwrap();
}
