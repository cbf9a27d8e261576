//! Promise 2: publishing.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{AtomicError, PublishError};
use tokio::time::Instant;

use crate::support::env::{Env, soon};
use crate::support::message::{
    Added, ParcelEvent, Parcels, Region, Sent, Switched, SwitchedRef, sent, switched,
};

scenarios! {
    every_bus:
        an_event_of_a_stream_is_stored_when_publish_returns,
        publish_all_confirms_each_in_order,
        publish_all_says_which_failed,
        a_payload_over_the_limit_is_refused_with_both_sizes,
        a_missing_stream_is_named,
        a_missing_stream_is_named_though_somebody_listens,
        what_another_stream_confirms_names_both,
        expectations_hold_or_conflict,
        a_time_to_live_is_whole_seconds,
        core_events_need_no_stream,
        who_only_listens_does_not_answer_for_the_stream,
        a_borrowed_event_is_received_by_one_that_owns,
        generic_events_and_enums_go_round;
}

async fn an_event_of_a_stream_is_stored_when_publish_returns(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    for number in 1..=3 {
        let ack = bus.publish(&sent(number)).await.unwrap();
        assert_eq!((ack.stream.as_str(), ack.sequence, ack.duplicate), ("PARCELS", number, false));
    }
    let mut stored = env.another_bus().await.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    for number in 1..=3 {
        let delivery = soon(stored.next()).await.unwrap().unwrap();
        assert_eq!((delivery.number, delivery.sequence()), (number, number));
    }
}

async fn publish_all_confirms_each_in_order(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    // More than are on the way at a time.
    let acks = bus.publish_all((1..=2000).map(sent)).await.unwrap();
    assert_eq!(acks.len(), 2000);
    assert!(acks.iter().zip(1..).all(|(ack, sequence)| ack.sequence == sequence));
    let again = bus.publisher::<Sent>().publish_all((1..=10).map(sent)).await.unwrap();
    assert!(again.iter().all(|ack| ack.duplicate));
    bus.publish_all((0..10).map(switched)).await.unwrap();
    assert!(bus.publish_all(Vec::<Sent>::new()).await.unwrap().is_empty());
}

async fn publish_all_says_which_failed(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let too_large = Sent { note: "x".repeat(bus.max_payload()), ..sent(2) };
    let error = bus.publish_all([sent(1), too_large, sent(3)]).await.unwrap_err();
    let (place, first) = error.first().unwrap();
    assert_eq!(place, 1);
    assert!(matches!(first, PublishError::TooLarge { .. }), "{first:?}");
    assert_eq!(error.outcomes[0].as_ref().unwrap().sequence, 1);
    assert_eq!(error.outcomes[2].as_ref().unwrap().sequence, 2);
    assert!(error.to_string().contains("1 of 3"), "{error}");
}

async fn a_payload_over_the_limit_is_refused_with_both_sizes(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let limit = bus.max_payload();
    let mut live = bus.subscribe::<Switched>().await.unwrap();
    let error = bus.publish(&Switched { room: "x".into(), number: 0 }).await;
    assert!(error.is_ok());
    let large = Sent { note: "x".repeat(limit), ..sent(1) };
    match bus.publish(&large).await.unwrap_err() {
        PublishError::TooLarge { size, limit: said, .. } => {
            assert!(size > limit);
            assert_eq!(said, limit);
        }
        other => panic!("{other:?}"),
    }
    // Headers count too: a payload that fits alone does not fit with them.
    let just = Added { detail: "x".repeat(limit - 20) };
    bus.publish(&just).await.unwrap();
    let with_header = bus.message(&just).header("a", &"b".repeat(100)).publish().await;
    assert!(matches!(with_header, Err(PublishError::TooLarge { .. })), "{with_header:?}");
    // The connection has not suffered.
    assert_eq!(soon(live.next()).await.unwrap().unwrap().room, "x");
    assert_eq!(bus.publish(&sent(2)).await.unwrap().sequence, 1);
}

async fn a_missing_stream_is_named(env: Env) {
    let bus = env.bus();
    let error = soon(bus.publish(&sent(1))).await.unwrap_err();
    match &error {
        PublishError::NoStream { subject, stream } => {
            assert_eq!((subject.as_str(), *stream), ("parcels.eu.sent", "PARCELS"));
        }
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains("bus.provision"), "{error}");
}

/// The stream of [`Parcels`], made by somebody who keeps less in it.
#[derive(EventStream)]
#[stream(name = "PARCELS", subjects("parcels.*.seen"), allow_atomic_publish)]
pub(crate) struct Narrow;

/// Listener on a subject that no stream takes, so that nobody answers at all.
async fn a_missing_stream_is_named_though_somebody_listens(env: Env) {
    let bus = env.bus();
    let _listening = bus.subscribe::<Sent>().await.unwrap();
    let is_none = |error: &PublishError| match error {
        PublishError::NoStream { subject, stream } => {
            subject == "parcels.eu.sent" && *stream == "PARCELS"
        }
        _ => false,
    };
    for is_there in [false, true] {
        if is_there {
            bus.provision::<Narrow>().await.unwrap();
        }
        let begun = Instant::now();
        let error = soon(bus.publish(&sent(1))).await.unwrap_err();
        assert!(is_none(&error), "{error:?}");
        let error = soon(bus.publish_all((0..10).map(sent))).await.unwrap_err();
        for outcome in error.outcomes {
            let error = outcome.unwrap_err();
            assert!(is_none(&error), "{error:?}");
        }
        let mut batch = bus.atomic();
        batch.add(&sent(1)).unwrap();
        let alone = soon(batch.publish()).await.unwrap_err();
        assert!(
            matches!(&alone, AtomicError::Event { place: 0, source } if is_none(source)),
            "{alone:?}"
        );
        if !is_there {
            let mut batch = bus.atomic();
            batch.add(&LooselySent { number: 1 }).unwrap().add(&LooselySent { number: 2 }).unwrap();
            let _listening = bus.subscribe::<LooselySent>().await.unwrap();
            let error = soon(batch.publish()).await.unwrap_err();
            let named = matches!(
                &error,
                AtomicError::Event { place: 0, source: PublishError::NoStream { .. } }
            );
            assert!(named, "{error:?}");
        }
        // One ack timeout each, and not all the time that a publish has.
        assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    }
}

/// Declared for a stream that does not have its subject: that one is [`Parcels`]'.
#[derive(EventStream)]
#[stream(name = "ELSEWHERE", subjects("parcels.>"), allow_atomic_publish)]
struct Elsewhere;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.moved", stream = Elsewhere)]
struct Moved {
    number: u32,
}

async fn what_another_stream_confirms_names_both(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let is_told = |error: &PublishError| match error {
        PublishError::WrongStream { subject, stream, answered } => {
            subject == "parcels.moved" && *stream == "ELSEWHERE" && answered == "PARCELS"
        }
        _ => false,
    };
    let error = soon(bus.publish(&Moved { number: 1 })).await.unwrap_err();
    assert!(is_told(&error), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("PARCELS") && text.contains("ELSEWHERE"), "{text}");
    let many = (0..20).map(|number| Moved { number });
    let error = soon(bus.publish_all(many)).await.unwrap_err();
    assert_eq!(error.outcomes.len(), 20);
    for outcome in error.outcomes {
        let error = outcome.unwrap_err();
        assert!(is_told(&error), "{error:?}");
    }
    let mut batch = bus.atomic();
    batch.add(&Moved { number: 1 }).unwrap();
    let error = soon(batch.publish()).await.unwrap_err();
    let named = matches!(&error, AtomicError::WrongStream { stream: "ELSEWHERE", answered } if answered == "PARCELS");
    assert!(named, "{error:?}");
}

#[derive(EventStream)]
#[stream(name = "LOOSE", subjects("loose.>"), allow_atomic_publish)]
struct Loose;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "loose.sent", stream = Loose)]
struct LooselySent {
    number: u32,
}

async fn expectations_hold_or_conflict(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let first = sent(1);
    bus.message(&first)
        .expected_stream("PARCELS")
        .expected_last_sequence(0)
        .expected_last_subject_sequence(0)
        .publish()
        .await
        .unwrap();
    let second = sent(2);
    let conflicts = [
        bus.message(&second).expected_stream("OTHER"),
        bus.message(&second).expected_last_sequence(0),
        bus.message(&second).expected_last_sequence(9),
        bus.message(&second).expected_last_message_id("somebody-else"),
        bus.message(&second).expected_last_subject_sequence(5),
    ];
    for (place, conflict) in conflicts.into_iter().enumerate() {
        match conflict.publish().await.unwrap_err() {
            PublishError::Conflict { stream, subject, description } => {
                assert_eq!((stream, subject.as_str()), ("PARCELS", "parcels.eu.sent"));
                assert!(!description.is_empty());
            }
            other => panic!("conflict {place}: {other:?}"),
        }
    }
    let ack = bus
        .message(&second)
        .expected_last_message_id("parcels.sent/1")
        .expected_last_sequence(1)
        .publish()
        .await
        .unwrap();
    assert_eq!(ack.sequence, 2, "what conflicted was not stored");
}

async fn a_time_to_live_is_whole_seconds(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let event = sent(1);
    for ttl in [Duration::ZERO, Duration::from_millis(500), Duration::from_millis(1500)] {
        let error = bus.message(&event).ttl(ttl).publish().await.unwrap_err();
        assert!(matches!(error, PublishError::Ttl { .. }), "{error:?}");
    }
    bus.message(&event).ttl(Duration::from_secs(1)).publish().await.unwrap();
    bus.publish(&sent(2)).await.unwrap();
    // Once its time is over the first is gone, and the history begins with the second.
    tidings_tests::eventually(Duration::from_secs(10), "the message to expire", || async {
        let mut stored = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
        soon(stored.next()).await.unwrap().unwrap().number == 2
    })
    .await;
}

async fn core_events_need_no_stream(env: Env) {
    let bus = env.bus();
    let mut live = bus.subscribe::<Switched>().await.unwrap();
    bus.publish(&switched(1)).await.unwrap();
    let delivery = soon(live.next()).await.unwrap().unwrap();
    assert_eq!(delivery.number, 1);
    assert!(delivery.headers().is_empty() && delivery.message_id().is_none());
}

async fn a_borrowed_event_is_received_by_one_that_owns(env: Env) {
    let bus = env.bus();
    let mut live = bus.subscribe::<Switched>().await.unwrap();
    let room = String::from("cellar");
    bus.publish(&SwitchedRef { room: &room, number: 3 }).await.unwrap();
    let delivery = soon(live.next()).await.unwrap().unwrap();
    assert_eq!(delivery.into_event(), Switched { room, number: 3 });
}

async fn generic_events_and_enums_go_round(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut numbers = bus.subscribe::<Added<Vec<u8>>>().await.unwrap();
    bus.publish(&Added { detail: vec![1, 2] }).await.unwrap();
    assert_eq!(soon(numbers.next()).await.unwrap().unwrap().detail, [1, 2]);

    // An enum is published as the event it holds.
    let mut all = bus.subscribe::<Sent>().await.unwrap();
    let ack = bus.publish(&ParcelEvent::Sent(sent(4))).await.unwrap();
    assert_eq!(ack.sequence, 1);
    assert_eq!(soon(all.next()).await.unwrap().unwrap().into_event(), sent(4));
    assert!(bus.publish(&sent(4)).await.unwrap().duplicate, "it has the event's own id");
}

/// [`Sent`], for who only listens.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.{region}.sent", name = "parcels.heard")]
struct Heard {
    region: Region,
    number: u64,
}

async fn who_only_listens_does_not_answer_for_the_stream(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let listen = |heard: Heard, _: Context| async move {
        if heard.number.is_multiple_of(2) { Ok(()) } else { Err(Failure::retry("an odd number")) }
    };
    let listening = Registry::new("ears").handle::<Heard>(listen).start(&bus).await.unwrap();
    let publisher = env.another_bus().await;
    // A stream's event has a reply subject, on which its publisher waits for the stream's ack.
    for number in 1..=200 {
        let ack = publisher.publish(&sent(number)).await.unwrap();
        assert_eq!((ack.sequence, ack.duplicate), (number, false));
    }
    let report = listening.shutdown().await.remove(0);
    assert_eq!((report.handled, report.failed), (100, 100));
}
