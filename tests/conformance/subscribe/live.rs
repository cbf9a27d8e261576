//! Live subscriptions: at most once, one of a group.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{DecodeError, ReceiveError, Subscription};

use crate::support::env::{Env, never, soon};
use crate::support::message::{
    Closed, DoorEvent, NotSwitched, Opened, OpenedV1, ParcelEvent, Parcels, Region, Seen, Sent,
    Switched, sent, switched,
};

scenarios! {
    every_bus:
        publish_and_subscribe,
        one_region_only,
        an_enum_hears_all_its_events,
        an_enum_hears_its_events_in_order_and_no_others,
        an_undecodable_payload_is_an_error_and_the_flow_goes_on,
        an_unknown_version_is_an_error_that_names_both;
}

async fn publish_and_subscribe(env: Env) {
    let bus = env.bus();
    let mut one = bus.subscribe::<Switched>().await.unwrap();
    let mut other = env.another_bus().await.subscribe::<Switched>().await.unwrap();
    for number in 0..500 {
        bus.publish(&switched(number)).await.unwrap();
    }
    for number in 0..500 {
        assert_eq!(soon(one.next()).await.unwrap().unwrap().number, number);
        assert_eq!(soon(other.next()).await.unwrap().unwrap().number, number);
    }
}

async fn one_region_only(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut eu = bus.subscribe_to(Sent::filter().region(Region::Eu)).await.unwrap();
    bus.publish(&Sent::new(1, Region::Us)).await.unwrap();
    bus.publish(&Seen { number: 2, region: Region::Eu }).await.unwrap();
    bus.publish(&Sent::new(3, Region::Eu)).await.unwrap();
    assert_eq!(soon(eu.next()).await.unwrap().unwrap().number, 3);
    never(Duration::from_millis(100), eu.next()).await;
}

async fn an_enum_hears_all_its_events(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut any = bus.subscribe::<ParcelEvent>().await.unwrap();
    let seen = Seen { number: 2, region: Region::Us };
    bus.publish(&sent(1)).await.unwrap();
    bus.publish(&seen).await.unwrap();
    for event in [ParcelEvent::Sent(sent(1)), ParcelEvent::Seen(seen)] {
        assert_eq!(soon(any.next()).await.unwrap().unwrap().into_event(), event);
    }

    // Events of one subject are told apart by their header.
    let mut doors = bus.subscribe::<DoorEvent>().await.unwrap();
    let door = || String::from("front");
    bus.publish(&Opened { door: door() }).await.unwrap();
    bus.publish(&Closed { door: door() }).await.unwrap();
    // One subject, one subscription: in order, and each once.
    for event in
        [DoorEvent::Opened(Opened { door: door() }), DoorEvent::Closed(Closed { door: door() })]
    {
        assert_eq!(soon(doors.next()).await.unwrap().unwrap().into_event(), event);
    }
    never(Duration::from_millis(100), doors.next()).await;
}

/// Event of the stream under the same filter as those of [`ParcelEvent`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.{region}.lost", stream = Parcels)]
struct Lost {
    region: Region,
}

async fn an_enum_hears_its_events_in_order_and_no_others(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut any = bus.subscribe::<ParcelEvent>().capacity(1500).await.unwrap();
    for number in 0..500 {
        bus.publish(&sent(number)).await.unwrap();
        bus.publish(&Lost { region: Region::Eu }).await.unwrap();
        bus.publish(&Seen { number, region: Region::Us }).await.unwrap();
    }
    for number in 0..500 {
        let of = async |any: &mut Subscription<ParcelEvent>| {
            soon(any.next()).await.unwrap().unwrap().into_event()
        };
        assert_eq!(of(&mut any).await, ParcelEvent::Sent(sent(number)));
        assert_eq!(of(&mut any).await, ParcelEvent::Seen(Seen { number, region: Region::Us }));
    }
    never(Duration::from_millis(100), any.next()).await;
    assert_eq!(any.dropped(), 0);
}

async fn an_undecodable_payload_is_an_error_and_the_flow_goes_on(env: Env) {
    let bus = env.bus();
    let mut live = bus.subscribe::<Switched>().await.unwrap();
    bus.publish(&NotSwitched { room: "hall".into(), nonsense: true }).await.unwrap();
    bus.publish(&switched(2)).await.unwrap();
    match soon(live.next()).await.unwrap().unwrap_err() {
        ReceiveError::Decode { source, acker } => {
            assert!(acker.is_none());
            assert_eq!(source.payload().as_ref(), br#"{"room":"hall","nonsense":true}"#);
            assert!(source.to_string().contains("lamps.hall.switched"), "{source}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(soon(live.next()).await.unwrap().unwrap().number, 2);
}

async fn an_unknown_version_is_an_error_that_names_both(env: Env) {
    let bus = env.bus();
    let mut live = bus.subscribe::<OpenedV1>().await.unwrap();
    bus.publish(&Opened { door: "front".into() }).await.unwrap();
    match soon(live.next()).await.unwrap().unwrap_err() {
        ReceiveError::Decode {
            source: DecodeError::OtherMessage { expected, found, .. }, ..
        } => {
            assert_eq!((expected.as_str(), found.as_str()), ("doors.opened.v1", "doors.opened.v2"));
        }
        other => panic!("{other:?}"),
    }
    bus.publish(&OpenedV1 { door: "back".into() }).await.unwrap();
    assert_eq!(soon(live.next()).await.unwrap().unwrap().door, "back");
}
