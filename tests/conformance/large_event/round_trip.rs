//! Events of any size, whatever way they are published and received.

use tidings::prelude::*;
use tidings::{CloudEvents, DeliverFrom};

use super::{LIMIT, OBJECT, Previewed, ScanEvent, Scans, objects, scans, taken, text};
use crate::large_event::Taken;
use crate::support::env::{Env, next, soon};

scenarios! {
    every_bus:
        five_megabytes_come_by_each_way,
        just_under_the_limit_and_just_over,
        a_small_event_is_an_ordinary_message,
        over_a_size_that_is_said,
        an_enum_of_events,
        cloud_events,
        the_order_stays;
}

async fn five_megabytes_come_by_each_way(env: Env) {
    let (bus, store) = scans(&env).await;
    let event = taken(7, 5_000_000);
    let mut live = bus.subscribe::<Taken>().await.unwrap();
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Taken, cx: Context| {
        let sent = sender.send((event, cx.headers().get(OBJECT).map(str::to_owned)));
        async move { sent.map_err(Failure::from) }
    };
    let running = Registry::new("shop").handle::<Taken>(handler).start(&bus).await.unwrap();

    let ack = bus.publish(&event).await.unwrap();
    assert!(!ack.duplicate);
    let size = serde_json::to_vec(&event).unwrap().len().to_string();
    let [object] = objects(&store).await.try_into().unwrap();
    assert!(object.starts_with("scans.taken/7."), "{object}");

    let (by_handler, named) = soon(seen.recv()).await.unwrap();
    assert!(by_handler == event);
    assert_eq!(named, Some(object.clone()));
    let by_subscription = next(&mut live).await;
    assert!(*by_subscription == event);
    assert_eq!(by_subscription.headers().get("Tidings-Large-Size"), Some(&*size));
    let mut durable = bus.consume::<Taken>("reader").await.unwrap();
    let by_consumer = next(&mut durable).await;
    assert!(*by_consumer == event);
    by_consumer.ack_confirmed().await.unwrap();
    let mut replay = bus.replay::<Taken>(DeliverFrom::Beginning).await.unwrap();
    assert!(*next(&mut replay).await == event);
    let message = bus.stream::<Scans>().get(ack.sequence).await.unwrap().unwrap();
    assert!(message.decode::<Taken>().unwrap() == event);
    let last = bus.stream::<Scans>().last(Taken::filter()).await.unwrap().unwrap();
    assert!(last.decode::<Taken>().unwrap() == event);
    let report = running.shutdown().await;
    assert_eq!((report[0].handled, report[0].dead_lettered), (1, 0));
}

/// The largest message that a server takes goes as it is.
async fn just_under_the_limit_and_just_over(env: Env) {
    let (bus, store) = scans(&env).await;
    let headers = "NATS/1.0\r\nNats-Msg-Id: scans.taken/1\r\n\r\n".len();
    let empty = serde_json::to_vec(&taken(1, 0)).unwrap().len();
    let room = LIMIT - headers - empty;
    for (number, len, is_object) in [(1, room, false), (2, room + 1, true), (3, room + 200, true)] {
        let event = taken(number, len);
        let ack = bus.publish(&event).await.unwrap();
        assert_eq!(objects(&store).await.len(), usize::try_from(number - 1).unwrap());
        let stored = bus.stream::<Scans>().get(ack.sequence).await.unwrap().unwrap();
        assert_eq!(stored.headers.get(OBJECT).is_some(), is_object, "{number}");
        assert!(stored.decode::<Taken>().unwrap() == event);
    }
}

async fn a_small_event_is_an_ordinary_message(env: Env) {
    let (bus, store) = scans(&env).await;
    let event = taken(1, 100);
    let ack = bus.publish(&event).await.unwrap();
    let stored = bus.stream::<Scans>().get(ack.sequence).await.unwrap().unwrap();
    assert_eq!(stored.payload, serde_json::to_vec(&event).unwrap());
    let headers: Vec<_> = stored.headers.iter().collect();
    assert_eq!(headers, [("Nats-Msg-Id", "scans.taken/1")]);
    assert!(objects(&store).await.is_empty());
}

async fn over_a_size_that_is_said(env: Env) {
    let (bus, store) = scans(&env).await;
    let empty = serde_json::to_vec(&Previewed { image: String::new() }).unwrap().len();
    for (len, count) in [(1024 - empty, 0), (1025 - empty, 1)] {
        let event = Previewed { image: text(1, len) };
        let ack = bus.publish(&event).await.unwrap();
        assert_eq!(objects(&store).await.len(), count);
        let stored = bus.stream::<Scans>().get(ack.sequence).await.unwrap().unwrap();
        assert_eq!(stored.decode::<Previewed>().unwrap(), event);
    }
}

async fn an_enum_of_events(env: Env) {
    let (bus, _) = scans(&env).await;
    let all = [
        ScanEvent::Taken(taken(1, 2_000_000)),
        ScanEvent::Previewed(Previewed { image: text(1, 5000) }),
        ScanEvent::Taken(taken(2, 5)),
    ];
    let mut flow = bus.consume::<ScanEvent>("reader").await.unwrap();
    for event in &all {
        bus.publish(event).await.unwrap();
    }
    for event in &all {
        let delivery = next(&mut flow).await;
        assert!(delivery.event() == event);
        delivery.ack().await.unwrap();
    }
}

async fn cloud_events(env: Env) {
    let (bus, store) = scans(&env).await;
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Taken, cx: Context| {
        let sent = sender.send((event, cx.cloud_event()));
        async move { sent.map_err(|_| Failure::reject("nobody listens")) }
    };
    let running = Registry::new("shop").handle::<Taken>(handler).start(&bus).await.unwrap();
    let mut flow = bus.consume::<Taken>("reader").await.unwrap();
    let options = || CloudEvents::new("/scanner").unwrap();
    for (number, options) in [(1, options().structured()), (2, options().binary())] {
        let event = taken(number, 2_000_000);
        bus.message(&event).cloud_event(options).publish().await.unwrap();
        let delivery = next(&mut flow).await;
        assert!(*delivery == event);
        assert_eq!(delivery.cloud_event().unwrap().id(), format!("scans.taken/{number}"));
        delivery.ack().await.unwrap();
        let (by_handler, attributes) = soon(seen.recv()).await.unwrap();
        assert!(by_handler == event);
        assert_eq!(attributes.unwrap().id(), format!("scans.taken/{number}"));
    }
    assert_eq!(objects(&store).await.len(), 2);
    running.shutdown().await;
}

async fn the_order_stays(env: Env) {
    let (bus, _) = scans(&env).await;
    let mut live = bus.subscribe::<Taken>().await.unwrap();
    for number in 0..6 {
        let len = if number % 2 == 0 { 1_500_000 } else { 10 };
        bus.publish(&taken(number, len)).await.unwrap();
    }
    let mut durable = bus.consume::<Taken>("reader").await.unwrap();
    for number in 0..6 {
        assert_eq!(next(&mut live).await.number, number);
        let delivery = next(&mut durable).await;
        assert_eq!(delivery.number, number);
        delivery.ack().await.unwrap();
    }
}
