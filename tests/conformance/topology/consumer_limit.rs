//! A stream's limits for its consumers, and the retention that depends on them.

use std::time::Duration;

use futures_util::future::try_join_all;
use tidings::prelude::*;
use tidings::{ApplyError, ConsumerLimits, Discard, Retention, StreamConfig, SubscribeError};
use tidings_tests::eventually;

use crate::support::condition::holds;
use crate::support::env::{Env, SOON, never, next, soon};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        a_stream_has_no_more_consumers_than_it_may,
        a_stream_without_a_limit_has_a_thousand,
        a_limit_below_what_consumers_have_is_refused,
        a_replay_is_kept_no_longer_than_its_stream_lets_it,
        a_consumer_that_nobody_reads_ends_where_its_stream_says,
        the_last_consumer_takes_all_that_interest_kept,
        what_interest_let_go_makes_room,
        what_is_gone_is_not_pending;
}

const SECOND: Duration = Duration::from_secs(1);

/// Creates or changes the stream of parcels, as an operator would.
async fn configure(bus: &Bus, change: impl FnOnce(&mut StreamConfig)) -> Result<(), ApplyError> {
    let mut config = Parcels::config();
    change(&mut config);
    bus.apply(bus.plan_stream(&config).await.unwrap().allow_data_loss()).await.map(drop)
}

fn limits(max_ack_pending: Option<u64>, inactive: Option<Duration>) -> ConsumerLimits {
    ConsumerLimits { max_ack_pending, inactive_threshold: inactive }
}

/// The code that an error names.
fn says(error: &impl std::fmt::Debug, code: u32) {
    let told = format!("{error:?}");
    assert!(told.contains(&code.to_string()), "{told}");
}

/// The stream has as many consumers as it may.
fn is_full(error: &SubscribeError) {
    assert!(matches!(error, SubscribeError::TooManyConsumers { .. }), "{error:?}");
}

async fn consume(bus: &Bus, name: &str) -> Result<(), SubscribeError> {
    bus.consume::<Sent>(name).max_ack_pending(5).await.map(drop)
}

async fn a_stream_has_no_more_consumers_than_it_may(env: Env) {
    let bus = env.bus();
    configure(&bus, |c| c.max_consumers = Some(2)).await.unwrap();
    consume(&bus, "one").await.unwrap();
    let replay = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    // A replay is one too.
    is_full(&consume(&bus, "two").await.unwrap_err());
    is_full(&bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap_err());
    // One that is there already is no more.
    consume(&bus, "one").await.unwrap();
    drop(replay);
    eventually(SOON, "room for another", || consume(&bus, "two")).await;
    is_full(&bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap_err());
    // What is there stays where fewer are allowed.
    configure(&bus, |c| c.max_consumers = Some(1)).await.unwrap();
    consume(&bus, "two").await.unwrap();
}

/// Streams of nats-server 2.15 and newer.
async fn a_stream_without_a_limit_has_a_thousand(env: Env) {
    let bus = env.bus();
    configure(&bus, |c| c.max_consumers = None).await.unwrap();
    let names: Vec<String> = (0..1000).map(|number| format!("c{number}")).collect();
    for some in names.chunks(50) {
        try_join_all(some.iter().map(|name| consume(&bus, name))).await.unwrap();
    }
    is_full(&consume(&bus, "more").await.unwrap_err());
    configure(&bus, |c| c.max_consumers = Some(1001)).await.unwrap();
    consume(&bus, "more").await.unwrap();
    is_full(&consume(&bus, "another").await.unwrap_err());
}

async fn a_limit_below_what_consumers_have_is_refused(env: Env) {
    let bus = env.bus();
    configure(&bus, |c| c.consumer_limits = Some(limits(None, Some(SECOND * 600)))).await.unwrap();
    consume(&bus, "one").await.unwrap();
    let unsettled = configure(&bus, |c| c.consumer_limits = Some(limits(Some(4), None))).await;
    says(&unsettled.unwrap_err(), 10_069);
    // What it does not ask for itself is what its stream lets it have.
    let unread =
        configure(&bus, |c| c.consumer_limits = Some(limits(None, Some(SECOND * 599)))).await;
    says(&unread.unwrap_err(), 10_069);
    configure(&bus, |c| c.consumer_limits = Some(limits(Some(5), Some(SECOND * 700))))
        .await
        .unwrap();
    bus.stream::<Parcels>().delete_consumer("one").await.unwrap();
    // A replay is kept for 30 s, and has the limit that there was.
    let replay = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    let unread =
        configure(&bus, |c| c.consumer_limits = Some(limits(Some(5), Some(SECOND * 29)))).await;
    says(&unread.unwrap_err(), 10_069);
    let unsettled = configure(&bus, |c| c.consumer_limits = Some(limits(Some(4), None))).await;
    says(&unsettled.unwrap_err(), 10_069);
    drop(replay);
    eventually(SOON, "the replay's end", || {
        configure(&bus, |c| c.consumer_limits = Some(limits(Some(4), Some(SECOND * 29))))
    })
    .await;
    // Those that come then have to keep to it.
    says(&consume(&bus, "one").await.unwrap_err(), 10_121);
}

async fn a_replay_is_kept_no_longer_than_its_stream_lets_it(env: Env) {
    let bus = env.bus();
    configure(&bus, |c| c.consumer_limits = Some(limits(None, Some(SECOND)))).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    let mut replay = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    assert_eq!(next(&mut replay).await.number, 1);
    // While it is read it stays.
    never(SECOND * 3, replay.next()).await;
    bus.publish(&sent(2)).await.unwrap();
    assert_eq!(next(&mut replay).await.number, 2);
}

async fn a_consumer_that_nobody_reads_ends_where_its_stream_says(env: Env) {
    let bus = env.bus();
    configure(&bus, |c| c.consumer_limits = Some(limits(None, Some(SECOND)))).await.unwrap();
    let mut work = bus.consume::<Sent>("one").await.unwrap();
    never(SECOND * 3, work.next()).await;
    let stream = bus.stream::<Parcels>();
    stream.consumer_state("one").await.unwrap();
    drop(work);
    eventually(SOON, "the consumer's end", || async {
        match stream.consumer_state("one").await {
            Ok(state) => Err(state),
            Err(_) => Ok(()),
        }
    })
    .await;
}

async fn the_last_consumer_takes_all_that_interest_kept(env: Env) {
    let bus = env.bus();
    configure(&bus, |c| c.retention = Retention::Interest).await.unwrap();
    let stream = bus.stream::<Parcels>();
    consume(&bus, "one").await.unwrap();
    stream.delete_consumer("one").await.unwrap();
    // It was purged, though it never held anything.
    let state = stream.state().await.unwrap();
    assert_eq!((state.first_sequence, state.last_sequence), (1, 0));
    consume(&bus, "one").await.unwrap();
    consume(&bus, "two").await.unwrap();
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    stream.delete_consumer("one").await.unwrap();
    holds::<Parcels>(&bus, 3).await;
    stream.delete_consumer("two").await.unwrap();
    let state = stream.state().await.unwrap();
    assert_eq!((state.messages, state.first_sequence, state.last_sequence), (0, 4, 3));
}

async fn what_interest_let_go_makes_room(env: Env) {
    let bus = env.bus();
    let bounded = |retention| {
        move |c: &mut StreamConfig| {
            c.retention = retention;
            c.discard = Discard::New;
            c.max_bytes = Some(600);
        }
    };
    configure(&bus, bounded(Retention::Interest)).await.unwrap();
    let mut work = bus.consume::<Sent>("one").await.unwrap();
    // Some three of them fit.
    let fill = async |from: u64| {
        for number in from.. {
            if let Err(error) = bus.publish(&sent(number)).await {
                says(&error, 10_077);
                return number;
            }
        }
        from
    };
    let first = fill(1).await;
    assert!((3..6).contains(&first), "{first}");
    for _ in 1..first {
        next(&mut work).await.ack_confirmed().await.unwrap();
    }
    holds::<Parcels>(&bus, 0).await;
    configure(&bus, bounded(Retention::Limits)).await.unwrap();
    assert_eq!(fill(first).await, 2 * first - 1, "as much has room as before");
    holds::<Parcels>(&bus, first - 1).await;
}

async fn what_is_gone_is_not_pending(env: Env) {
    let bus = env.bus();
    configure(&bus, |c| {
        c.max_messages = Some(4);
        c.discard = Discard::Old;
    })
    .await
    .unwrap();
    // One at a time, so that nothing is fetched ahead.
    let mut work = bus.consume::<Sent>("one").max_ack_pending(1).await.unwrap();
    bus.message(&sent(1)).ttl(SECOND).publish().await.unwrap();
    bus.publish_all((2..=4).map(sent)).await.unwrap();
    let first = next(&mut work).await;
    assert_eq!((first.number, first.attempt()), (1, 1));
    let state = bus.stream::<Parcels>().consumer_state("one").await.unwrap();
    assert_eq!((first.pending() <= 3, state.pending), (true, 3));
    holds::<Parcels>(&bus, 3).await;
    // Two of them are replaced, and one that was delivered has expired.
    bus.publish_all((5..=7).map(sent)).await.unwrap();
    drop(first);
    for (number, pending) in [(4, 3), (5, 2), (6, 1), (7, 0)] {
        let delivery = next(&mut work).await;
        assert_eq!((delivery.number, delivery.pending()), (number, pending));
        delivery.ack_confirmed().await.unwrap();
    }
    soon(bus.flush()).await.unwrap();
}
