//! Fast ingest: many events for a stream that allows it, each confirmed where it is, whatever way it goes.

use std::collections::{HashMap, HashSet};

use tidings::PublishError;
use tidings::prelude::*;

use crate::support::env::{BY_AND_BY, Env, SHORT, never, next, soon, within};

scenarios! {
    every_bus:
        each_of_many_is_confirmed_where_it_is,
        what_the_stream_has_is_not_stored_again,
        one_that_is_given_twice_is_stored_once,
        the_same_events_from_two_sides_are_confirmed_where_they_are,
        events_known_again_and_others_keep_their_order,
        beside_other_publishers_each_is_confirmed_where_it_is,
        one_that_is_refused_keeps_no_other_out,
        where_the_stream_does_not_allow_it_nothing_else_is_different,
        events_of_both_kinds_keep_their_order,
        many_that_are_dropped_half_way_are_stored_up_to_there;
}

#[derive(EventStream)]
#[stream(name = "READINGS", subjects("readings.>"), allow_batch_publish)]
pub(crate) struct Readings;

/// Event with an id of its own: such go the fast way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "readings.{meter}.taken", stream = Readings)]
pub(crate) struct Taken {
    number: u64,
    meter: u8,
    note: String,
}

/// Known again by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "readings.{meter}.counted", stream = Readings)]
pub(crate) struct Counted {
    #[event(id)]
    number: u64,
    meter: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "meters.{meter}.seen")]
pub(crate) struct MeterSeen {
    meter: u8,
}

/// Events of a stream, and one that none keeps.
#[derive(Debug, Clone, PartialEq, Eq, Event)]
#[event(name = "readings.any")]
pub(crate) enum MeterEvent {
    Taken(Taken),
    Seen(MeterSeen),
}

/// Events that the stream keeps.
#[derive(Debug, Clone, PartialEq, Eq, Event)]
#[event(name = "readings.kept", stream = Readings)]
pub(crate) enum Reading {
    Taken(Taken),
    Counted(Counted),
}

fn taken(number: u64) -> Taken {
    Taken { number, meter: (number % 3) as u8, note: String::new() }
}

fn counted(number: u64) -> Counted {
    Counted { number, meter: (number % 3) as u8 }
}

/// Number of events that makes several parts.
const MANY: u64 = 12_000;

/// The number and the sequence of each in the stream, and each id once.
async fn stored(bus: &Bus) -> Vec<(u64, u64)> {
    let count = bus.stream::<Readings>().state().await.unwrap().messages;
    let mut replay = bus.replay::<Reading>(DeliverFrom::Beginning).await.unwrap();
    let (mut stored, mut ids) = (Vec::new(), HashSet::new());
    for _ in 0..count {
        let delivery = next(&mut replay).await;
        let id = delivery.message_id().unwrap().to_owned();
        let number = match &*delivery {
            Reading::Taken(event) => event.number,
            Reading::Counted(event) => {
                assert_eq!(id, format!("readings.counted/{}", event.number));
                event.number
            }
        };
        assert!(ids.insert(id), "{number} twice");
        stored.push((number, delivery.sequence()));
    }
    stored
}

async fn each_of_many_is_confirmed_where_it_is(env: Env) {
    let bus = env.bus_with::<Readings>().await;
    bus.publish(&counted(1)).await.unwrap();
    bus.stream::<Readings>().purge().await.unwrap();
    let acks = within(BY_AND_BY, bus.publish_all((0..MANY).map(taken))).await.unwrap();
    assert_eq!(acks.len() as u64, MANY);
    for (sequence, ack) in (2..).zip(&acks) {
        assert_eq!((ack.stream.as_str(), ack.sequence), ("READINGS", sequence));
        assert!(!ack.duplicate, "{ack:?}");
    }
    let expected: Vec<(u64, u64)> = (0..MANY).zip(2..).collect();
    assert_eq!(stored(&bus).await, expected);
}

async fn what_the_stream_has_is_not_stored_again(env: Env) {
    let bus = env.bus_with::<Readings>().await;
    within(BY_AND_BY, bus.publish_all((0..MANY).map(counted))).await.unwrap();
    // All of it again, and then from the middle on and beyond.
    let again = within(BY_AND_BY, bus.publish_all((0..MANY).map(counted))).await.unwrap();
    assert!((1..).zip(&again).all(|(sequence, ack)| ack.duplicate && ack.sequence == sequence));
    let beyond = (MANY - 3000..MANY + 5000).map(counted);
    let acks = within(BY_AND_BY, bus.publish_all(beyond)).await.unwrap();
    for (number, ack) in (MANY - 3000..).zip(&acks) {
        assert_eq!((ack.sequence, ack.duplicate), (number + 1, number < MANY), "{number}");
    }
    let expected: Vec<(u64, u64)> = (0..MANY + 5000).zip(1..).collect();
    assert_eq!(stored(&bus).await, expected);
}

async fn one_that_is_given_twice_is_stored_once(env: Env) {
    let bus = env.bus_with::<Readings>().await;
    let numbers: Vec<u64> = (0..5000).chain([4999, 10]).chain(5000..6000).collect();
    let acks =
        within(BY_AND_BY, bus.publish_all(numbers.iter().copied().map(counted))).await.unwrap();
    for (place, (number, ack)) in numbers.iter().zip(&acks).enumerate() {
        let again = place == 5000 || place == 5001;
        assert_eq!((ack.sequence, ack.duplicate), (number + 1, again), "{place}");
    }
    assert_eq!(stored(&bus).await.len(), 6000);
}

async fn the_same_events_from_two_sides_are_confirmed_where_they_are(env: Env) {
    let bus = env.bus_with::<Readings>().await;
    let mut publishing = Vec::new();
    for side in [0, MANY / 2] {
        let bus = env.another_bus().await;
        // One begins in the middle.
        let numbers = (0..MANY).map(move |number| (number + side) % MANY);
        publishing.push(tokio::spawn(async move {
            let acks = bus.publish_all(numbers.clone().map(counted)).await.unwrap();
            numbers.zip(acks).collect::<HashMap<_, _>>()
        }));
    }
    let mut sides = Vec::new();
    for task in publishing {
        sides.push(within(BY_AND_BY, task).await.unwrap());
    }
    let stored = stored(&bus).await;
    assert_eq!(stored.len() as u64, MANY);
    for (number, sequence) in stored {
        let acks = [&sides[0][&number], &sides[1][&number]];
        assert!(acks.iter().all(|ack| ack.sequence == sequence), "{number}: {acks:?}");
        assert_eq!(acks.iter().filter(|ack| ack.duplicate).count(), 1, "{number}: {acks:?}");
    }
}

async fn events_known_again_and_others_keep_their_order(env: Env) {
    let bus = env.bus_with::<Readings>().await;
    within(BY_AND_BY, bus.publish_all((0..100).map(|n| counted(n * 100)))).await.unwrap();
    // Every hundredth for a time: the first hundred of those the stream has.
    let event = |number: u64| match number {
        ..20_000 if number.is_multiple_of(100) => Reading::Counted(counted(number)),
        _ => Reading::Taken(taken(number)),
    };
    let acks = within(BY_AND_BY, bus.publish_all((0..40_000).map(event))).await.unwrap();
    let mut last = 100;
    for (number, ack) in (0..).zip(&acks) {
        let again = number < 10_000 && number % 100 == 0;
        last += u64::from(!again);
        let expected = if again { number / 100 + 1 } else { last };
        assert_eq!((ack.sequence, ack.duplicate), (expected, again), "{number}");
    }
    let numbers: Vec<u64> = stored(&bus).await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers.len(), 100 + 40_000 - 100);
    assert!(numbers[100..].is_sorted());
}

async fn beside_other_publishers_each_is_confirmed_where_it_is(env: Env) {
    let bus = env.bus_with::<Readings>().await;
    let mut live = bus.subscribe::<Taken>().await.unwrap();
    let mut publishing = Vec::new();
    for task in 0..3 {
        let bus = env.another_bus().await;
        let numbers = (0..4000).map(move |number| number * 3 + task);
        publishing.push(tokio::spawn(async move {
            let acks = bus.publish_all(numbers.clone().map(taken)).await.unwrap();
            numbers.zip(acks).collect::<Vec<_>>()
        }));
    }
    let mut confirmed = HashMap::new();
    for task in publishing {
        let acks = within(BY_AND_BY, task).await.unwrap();
        assert!(acks.windows(2).all(|pair| pair[0].1.sequence < pair[1].1.sequence), "in order");
        for (number, ack) in acks {
            assert!(!ack.duplicate, "{number}: {ack:?}");
            confirmed.insert(number, ack.sequence);
        }
    }
    let stored = stored(&bus).await;
    assert_eq!(stored.len(), 12_000);
    for (number, sequence) in stored {
        assert_eq!(confirmed.remove(&number), Some(sequence), "{number}");
    }
    // Who listens has heard of each. What a server was too busy to tell of in time is sent once more,
    // and then heard again.
    let mut heard = HashSet::new();
    while heard.len() < 12_000 {
        let is_first = heard.insert(next(&mut live).await.number);
        assert!(is_first || !env.is_exact(), "again");
    }
    if env.is_exact() {
        never(SHORT, live.next()).await;
    }
}

async fn one_that_is_refused_keeps_no_other_out(env: Env) {
    let bus = env.bus();
    let mut config = Readings::config();
    config.max_message_size = Some(1000);
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let refused = [0, 1500, 1501, 6000];
    let event = |number| {
        let note = if refused.contains(&number) { "x".repeat(1000) } else { String::new() };
        Taken { note, ..taken(number) }
    };
    let error = within(BY_AND_BY, bus.publish_all((0..8000).map(event))).await.unwrap_err();
    let mut sequence = 0;
    for (number, outcome) in (0..).zip(&error.outcomes) {
        match outcome {
            Ok(ack) => {
                sequence += 1;
                assert_eq!((ack.sequence, ack.duplicate), (sequence, false), "{number}");
                assert!(!refused.contains(&number));
            }
            Err(PublishError::Refused { stream, .. }) => {
                assert_eq!(*stream, "READINGS");
                assert!(refused.contains(&number), "{number}");
            }
            Err(other) => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(sequence, 8000 - 4);
    let numbers: Vec<u64> = stored(&bus).await.into_iter().map(|(number, _)| number).collect();
    assert!(numbers.is_sorted(), "the others are in order");
}

async fn where_the_stream_does_not_allow_it_nothing_else_is_different(env: Env) {
    let bus = env.bus();
    let mut config = Readings::config();
    config.allow_batch_publish = false;
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    for round in 0..2 {
        let numbers = round * 4000..(round + 1) * 4000;
        let acks = within(BY_AND_BY, bus.publish_all(numbers.clone().map(taken))).await.unwrap();
        for (number, ack) in numbers.zip(acks) {
            assert_eq!((ack.sequence, ack.duplicate), (number + 1, false));
        }
    }
    // And without the stream each says so.
    bus.stream::<Readings>().delete().await.unwrap();
    let error = soon(bus.publish_all((0..10).map(taken))).await.unwrap_err();
    let missing = |outcome: &Result<_, _>| matches!(outcome, Err(PublishError::NoStream { .. }));
    assert!(error.outcomes.iter().all(missing), "{error:?}");
}

async fn events_of_both_kinds_keep_their_order(env: Env) {
    let bus = env.bus_with::<Readings>().await;
    let mut taken_live = bus.subscribe::<Taken>().await.unwrap();
    let mut seen_live = bus.subscribe::<MeterSeen>().await.unwrap();
    let event = |number| match number % 5 {
        0 => MeterEvent::Seen(MeterSeen { meter: (number % 3) as u8 }),
        _ => MeterEvent::Taken(taken(number)),
    };
    let acks = within(BY_AND_BY, bus.publish_all((0..6000).map(event))).await.unwrap();
    let mut sequence = 0;
    for (number, ack) in (0..).zip(acks) {
        assert_eq!(ack.is_none(), number % 5 == 0);
        if let Some(ack) = ack {
            sequence += 1;
            assert_eq!(ack.sequence, sequence);
        }
        match event(number) {
            MeterEvent::Taken(event) => assert_eq!(*next(&mut taken_live).await, event),
            MeterEvent::Seen(event) => assert_eq!(*next(&mut seen_live).await, event),
        }
    }
    // Nobody has heard anything else.
    never(SHORT, taken_live.next()).await;
}

async fn many_that_are_dropped_half_way_are_stored_up_to_there(env: Env) {
    let bus = env.bus_with::<Readings>().await;
    let mut live = bus.subscribe::<Taken>().await.unwrap();
    let half_way = async {
        for number in 0..2000 {
            assert_eq!(next(&mut live).await.number, number);
        }
    };
    tokio::select! {
        biased;
        () = half_way => {}
        outcome = bus.publish_all((0..200_000).map(taken)) => {
            panic!("all were confirmed before some were heard: {}", outcome.is_ok())
        }
    }
    // What was sent before is stored before this one.
    let last = soon(bus.publish(&taken(900_000))).await.unwrap().sequence;
    let mut half = stored(&bus).await;
    assert_eq!(half.pop(), Some((900_000, last)));
    assert!(half.len() >= 2000);
    assert!(half.iter().zip(0..).all(|((number, _), expected)| *number == expected));
    // And the next are confirmed behind it.
    let acks = within(BY_AND_BY, bus.publish_all((0..MANY).map(taken))).await.unwrap();
    assert!((last + 1..).zip(&acks).all(|(sequence, ack)| ack.sequence == sequence));
}
