//! Receiving what is large: in batches, again after a failure, and by whoever does not know of it.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{Batch, DecodeError, LargeEventError, ReceiveError, Retry, ServeError};

use super::{OBJECT, STORE, Taken, scans, taken};
use crate::support::env::{Env, next, soon};

scenarios! {
    every_bus:
        a_batch_has_both,
        each_attempt_has_all_of_it,
        by_hand_what_is_missing_is_an_error_that_can_be_settled,
        who_does_not_declare_it_is_told,
        without_its_type_it_is_opened,
        a_key_can_not_be_read;
}

async fn a_batch_has_both(env: Env) {
    let (bus, store) = scans(&env).await;
    let events: Vec<_> = (1..=5).map(|n| taken(n, if n == 3 { 5 } else { 1_500_000 })).collect();
    bus.publish_all(events.clone()).await.unwrap();
    let gone = super::objects(&store).await.into_iter().find(|name| name.contains("/4.")).unwrap();
    store.delete(&gone).await.unwrap();
    let (sender, mut batches) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |batch: Batch<Taken>, _: Context| {
        let numbers: Vec<_> = batch.iter().map(|event| (event.number, event.image.len())).collect();
        let sent = sender.send(numbers);
        async move { sent.map_err(Failure::from) }
    };
    let route = Route::of::<Batch<Taken>>(handler).max_size(5).max_wait(Duration::from_secs(2));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.extend(soon(batches.recv()).await.unwrap());
    }
    let large = |number| (number, 1_500_000);
    assert_eq!(seen, [large(1), large(2), (3, 5), large(5)]);
    let letters = crate::support::condition::letters(&bus.dead_letters("shop"), 1).await;
    assert!(letters[0].error().contains(&gone), "{}", letters[0].error());
    running.shutdown().await;
}

async fn each_attempt_has_all_of_it(env: Env) {
    let (bus, _) = scans(&env).await;
    let event = taken(1, 3_000_000);
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Taken, cx: Context| {
        let attempt = cx.attempt();
        let sent = sender.send((attempt, event));
        async move {
            sent.map_err(Failure::from)?;
            if attempt < 3 { Err(Failure::retry("not yet")) } else { Ok(()) }
        }
    };
    let retry = Retry::fixed(Duration::from_millis(20)).max_attempts(5);
    let route = Route::of::<Taken>(handler).retry(retry);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&event).await.unwrap();
    for expected in 1..=3 {
        let (attempt, found) = soon(seen.recv()).await.unwrap();
        assert_eq!(attempt, expected);
        assert!(found == event);
    }
    assert_eq!(running.shutdown().await[0].handled, 1);
}

async fn by_hand_what_is_missing_is_an_error_that_can_be_settled(env: Env) {
    let (bus, store) = scans(&env).await;
    bus.publish(&taken(1, 2_000_000)).await.unwrap();
    bus.publish(&taken(2, 5)).await.unwrap();
    let [object] = super::objects(&store).await.try_into().unwrap();
    store.delete(&object).await.unwrap();
    let mut flow = bus.consume::<Taken>("reader").await.unwrap();
    let error = soon(flow.next()).await.unwrap().unwrap_err();
    let ReceiveError::Decode { source, acker } = error else { panic!("{error:?}") };
    let DecodeError::Large { source, subject, .. } = &source else { panic!("{source:?}") };
    assert_eq!(subject, "scans.hall.taken");
    let LargeEventError::Missing { store: of, object: name } = &**source else {
        panic!("{source:?}")
    };
    assert_eq!((&**of, name), (STORE, &object));
    assert!(!source.is_passing());
    acker.unwrap().reject("it is gone").await.unwrap();
    assert_eq!(next(&mut flow).await.number, 2);
}

/// Events of the stream, as an older program declares them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.{room}.taken", stream = super::Scans)]
struct TakenBefore {
    #[serde(default)]
    number: u64,
    room: String,
}

async fn who_does_not_declare_it_is_told(env: Env) {
    let (bus, store) = scans(&env).await;
    let mut flow = bus.consume::<TakenBefore>("reader").await.unwrap();
    bus.publish(&taken(1, 2_000_000)).await.unwrap();
    let [object] = super::objects(&store).await.try_into().unwrap();
    let error = soon(flow.next()).await.unwrap().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`large`") && text.contains(&object), "{text}");
    let ReceiveError::Decode { source: DecodeError::Large { source, .. }, .. } = error else {
        panic!("{error:?}")
    };
    assert!(matches!(*source, LargeEventError::Unread { .. }), "{source:?}");
}

async fn without_its_type_it_is_opened(env: Env) {
    let (bus, _) = scans(&env).await;
    let event = taken(1, 2_000_000);
    let mut flow = bus.subscribe_raw("scans.>").await.unwrap();
    bus.publish(&event).await.unwrap();
    bus.publish(&taken(2, 5)).await.unwrap();
    let message = soon(flow.next()).await.unwrap().unwrap();
    assert!(message.payload.is_empty() && message.headers.get(OBJECT).is_some());
    assert!(matches!(message.decode::<Taken>(), Err(DecodeError::Large { .. })));
    let whole = bus.open_large(message).await.unwrap();
    assert!(whole.decode::<Taken>().unwrap() == event);
    let small = soon(flow.next()).await.unwrap().unwrap();
    let same = bus.open_large(small.clone()).await.unwrap();
    assert_eq!(same.payload, small.payload);
}

async fn a_key_can_not_be_read(env: Env) {
    let (bus, _) = scans(&env).await;
    let handler = |_: Taken, _: Context| async { Ok(()) };
    let route = Route::of::<Taken>(handler).keyed_by(|event| event.number);
    let error = Registry::new("shop").route(route).start(&bus).await.unwrap_err();
    assert!(matches!(error, ServeError::Option { option: "keyed_by", .. }), "{error:?}");
}
