//! Messages without their types: listened to, read from a stream, listed.

use tidings::prelude::*;
use tidings::{DecodeError, EventStream, ListError, SubscribeError};

use crate::support::env::{Env, SHORT, never, soon};
use crate::support::message::{Parcels, Region, Seen, Sent, Switched, sent, switched};

scenarios! {
    every_bus:
        whatever_comes_under_a_filter_comes_with_headers_and_bytes,
        a_group_shares_what_comes,
        what_is_not_taken_is_dropped_and_counted,
        no_filter_is_named,
        a_stored_message_is_read_by_its_sequence,
        the_last_message_of_a_filter_is_read,
        streams_and_consumers_are_listed;
}

async fn whatever_comes_under_a_filter_comes_with_headers_and_bytes(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut all = bus.subscribe_raw(">").await.unwrap();
    let mut parcels = bus.subscribe_raw("parcels.*.sent").await.unwrap();
    bus.message(&switched(1)).header("tenant", "acme").publish().await.unwrap();
    bus.publish(&sent(2)).await.unwrap();

    // What a bus asks its server comes under `>`, too.
    let lamp = loop {
        let message = soon(all.next()).await.unwrap().unwrap();
        if message.subject.as_str().starts_with("lamps.") {
            break message;
        }
    };
    assert_eq!(lamp.subject.as_str(), "lamps.hall.switched");
    assert_eq!(lamp.headers.get("tenant"), Some("acme"));
    assert_eq!(lamp.payload, serde_json::to_vec(&switched(1)).unwrap());
    assert_eq!(lamp.decode::<Switched>().unwrap(), switched(1));
    let another = lamp.decode::<Sent>().unwrap_err();
    assert!(matches!(another, DecodeError::OtherMessage { .. }), "{another}");

    let parcel = soon(parcels.next()).await.unwrap().unwrap();
    assert_eq!(parcel.subject.as_str(), "parcels.eu.sent");
    assert!(parcel.message_id().is_some_and(|id| id.ends_with('2')), "{parcel:?}");
    assert_eq!((parcel.sequence, parcel.stored_at), (None, None));
    assert_eq!(parcel.decode::<Sent>().unwrap(), sent(2));
}

async fn a_group_shares_what_comes(env: Env) {
    let bus = env.bus();
    let open = || bus.subscribe_raw("lamps.>").queue_group("audit");
    let (mut one, mut other) = (open().await.unwrap(), open().await.unwrap());
    for number in 0..20 {
        bus.publish(&switched(number)).await.unwrap();
    }
    for _ in 0..20 {
        tokio::select! {
            message = soon(one.next()) => drop(message.unwrap().unwrap()),
            message = soon(other.next()) => drop(message.unwrap().unwrap()),
        }
    }
    never(SHORT, one.next()).await;
    never(SHORT, other.next()).await;
}

async fn what_is_not_taken_is_dropped_and_counted(env: Env) {
    let bus = env.bus();
    let mut lamps = bus.subscribe_raw("lamps.>").capacity(3).await.unwrap();
    let mut all = bus.subscribe_raw("lamps.>").await.unwrap();
    for number in 0..10 {
        bus.publish(&switched(number)).await.unwrap();
    }
    for _ in 0..10 {
        soon(all.next()).await.unwrap().unwrap();
    }
    while lamps.dropped() < 7 {
        tokio::task::yield_now().await;
    }
    for number in 0..3 {
        let kept = soon(lamps.next()).await.unwrap().unwrap();
        assert_eq!(kept.decode::<Switched>().unwrap().number, number);
    }
    never(SHORT, lamps.next()).await;
    assert_eq!((lamps.dropped(), all.dropped()), (7, 0));
}

async fn no_filter_is_named(env: Env) {
    for filter in ["", "a..b", "a b", "a.>.b", ".a"] {
        let error = env.bus().subscribe_raw(filter).await.unwrap_err();
        assert!(matches!(error, SubscribeError::Name { what: "subject filter", .. }), "{error}");
    }
}

async fn a_stored_message_is_read_by_its_sequence(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let ack = bus.message(&sent(1)).header("tenant", "acme").publish().await.unwrap();
    let parcels = bus.stream::<Parcels>();
    let found = parcels.get(ack.sequence).await.unwrap().unwrap();
    assert_eq!((found.subject.as_str(), found.sequence), ("parcels.eu.sent", Some(ack.sequence)));
    assert_eq!(found.headers.get("tenant"), Some("acme"));
    assert_eq!(found.decode::<Sent>().unwrap(), sent(1));
    assert!(found.stored_at.is_some() && found.unreadable_headers.is_none());
    assert!(parcels.get(ack.sequence + 1).await.unwrap().is_none());
    parcels.delete_message(ack.sequence).await.unwrap();
    assert!(parcels.get(ack.sequence).await.unwrap().is_none());
}

async fn the_last_message_of_a_filter_is_read(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let parcels = bus.stream::<Parcels>();
    assert!(parcels.last(Sent::filter()).await.unwrap().is_none());
    bus.publish_all([sent(1), Sent::new(2, Region::Us), sent(3)]).await.unwrap();
    bus.publish(&Seen { number: 4, region: Region::Us }).await.unwrap();
    let last = async |filter| {
        let found = parcels.last(filter).await.unwrap().unwrap();
        found.decode::<Sent>().unwrap().number
    };
    assert_eq!(last(Sent::filter()).await, 3);
    assert_eq!(last(Sent::filter().region(Region::Us)).await, 2);
}

async fn streams_and_consumers_are_listed(env: Env) {
    let bus = env.bus();
    assert_eq!(bus.streams().await.unwrap(), []);
    bus.provision::<Parcels>().await.unwrap();
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    drop(bus.consume::<Sent>("billing").max_deliver(5).await.unwrap());
    drop(bus.consume_of(Sent::filter().region(Region::Us), "abroad").await.unwrap());

    let streams = bus.streams().await.unwrap();
    assert_eq!(streams.len(), 1);
    assert_eq!((&*streams[0].config.name, streams[0].state.messages), (Parcels::NAME, 3));
    let consumers = bus.consumers(Parcels::NAME).await.unwrap();
    let told: Vec<_> = consumers
        .iter()
        .map(|one| (&*one.name, one.filters[0].as_str(), one.max_deliver))
        .collect();
    let expected = [("abroad", "parcels.us.sent", None), ("billing", "parcels.*.sent", Some(5))];
    assert_eq!(told, expected);
    assert_eq!(bus.stream::<Parcels>().consumers().await.unwrap().len(), 2);
    let missing = bus.consumers("NOWHERE").await.unwrap_err();
    assert!(matches!(missing, ListError::NoStream { .. }), "{missing}");
    let invalid = bus.consumers("a.b").await.unwrap_err();
    assert!(matches!(invalid, ListError::Name { .. }), "{invalid}");
}
