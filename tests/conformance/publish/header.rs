//! Headers go with a message, as far as they can be sent.

use tidings::prelude::*;
use tidings::{HeaderFault, PublishError};

use crate::support::env::{Env, soon};
use crate::support::message::{ParcelEvent, Parcels, Region, Seen, Switched, sent, switched};

scenarios! {
    every_bus:
        every_event_of_a_stream_has_an_id,
        headers_go_round,
        reserved_and_unwritable_headers_are_refused;
}

async fn every_event_of_a_stream_has_an_id(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut live = bus.subscribe::<ParcelEvent>().await.unwrap();
    bus.publish(&sent(7)).await.unwrap();
    bus.publish(&Seen { number: 7, region: Region::Eu }).await.unwrap();
    bus.publish_all([Seen { number: 8, region: Region::Eu }]).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let delivery = soon(live.next()).await.unwrap().unwrap();
        ids.push(delivery.message_id().unwrap().to_owned());
        // The fewer headers the faster.
        assert_eq!(delivery.headers().len(), 1);
    }
    assert_eq!(ids[0], "parcels.sent/7");
    assert!(Uuid::parse_str(&ids[1]).is_ok_and(|id| id.get_version_num() == 7), "{ids:?}");
    assert_ne!(ids[1], ids[2]);
}

async fn headers_go_round(env: Env) {
    let bus = env.bus();
    let mut live = bus.subscribe::<Switched>().await.unwrap();
    let event = switched(1);
    bus.message(&event)
        .header("tenant", "acme")
        .header("x-list", "one")
        .header("x-list", "two, three")
        .header("x-empty", "")
        .publish()
        .await
        .unwrap();
    let delivery = soon(live.next()).await.unwrap().unwrap();
    let headers = delivery.headers();
    assert_eq!(headers.get("Tenant"), Some("acme"), "names are compared without case");
    assert_eq!(headers.get_all("x-list").collect::<Vec<_>>(), ["one", "two, three"]);
    assert_eq!(headers.get("x-empty"), Some(""));
    assert_eq!(headers.get("absent"), None);
}

async fn reserved_and_unwritable_headers_are_refused(env: Env) {
    let bus = env.bus();
    let event = switched(1);
    for (name, value, fault) in [
        ("Nats-Msg-Id", "x", HeaderFault::Reserved),
        ("nats-anything", "x", HeaderFault::Reserved),
        ("TIDINGS-Message", "x", HeaderFault::Reserved),
        ("", "x", HeaderFault::Name),
        ("a:b", "x", HeaderFault::Name),
        ("a b", "x", HeaderFault::Name),
        ("a\r\nb", "x", HeaderFault::Name),
        ("é", "x", HeaderFault::Name),
        ("a", "x\r\nNats-Rollup: all", HeaderFault::Value),
        ("a", "é", HeaderFault::Value),
        ("a", " x", HeaderFault::Value),
    ] {
        let error = bus.message(&event).header(name, value).publish().await.unwrap_err();
        let PublishError::Header(error) = error else { panic!("{name:?}: {error:?}") };
        assert_eq!((error.name.as_str(), error.fault), (name, fault));
    }
}
