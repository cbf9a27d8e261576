//! A route that can't run says so, and goes on by itself.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{
    DeadLetterFilter, DeadLetterPolicy, EventStream, PlanAction, RouteState, Running, Topology,
};
use tidings_tests::eventually;

use crate::support::condition::{letters, state};
use crate::support::env::{Env, SHORT, SOON};
use crate::support::message::{Parcels, Region, Seen, Sent, sent};
use crate::support::script::{Calls, Step, script};

scenarios! {
    every_bus:
        a_deleted_consumer_is_said_and_come_back_it_is_read,
        a_deleted_stream_is_said_and_come_back_it_is_read,
        what_finds_no_room_among_the_letters_keeps_no_place,
        what_waits_for_its_letter_is_covered_by_no_ack,
        a_full_stream_of_letters_is_said_until_there_is_room,
        a_missing_stream_of_letters_is_made_again,
        a_shutdown_leaves_what_finds_no_room;
}

fn is_failing(state: &RouteState) -> bool {
    matches!(state, RouteState::Failing { .. })
}

fn is_running(state: &RouteState) -> bool {
    *state == RouteState::Running
}

/// A registry that makes what it needs, and runs no more.
async fn make(bus: &Bus) {
    let (handler, _calls) = script(|_, _| Step::Done);
    let maker = Registry::new("shop").dead_letters(DeadLetterPolicy::off());
    maker.handle::<Sent>(handler).start(bus).await.unwrap().shutdown().await;
}

/// A registry that makes nothing.
async fn bound(bus: &Bus) -> (Running, Calls) {
    let (handler, calls) = script(|_, _| Step::Done);
    let registry = Registry::new("shop").handle::<Sent>(handler);
    let registry = registry.dead_letters(DeadLetterPolicy::off());
    let registry = registry.streams(Topology::BindOnly).consumers(Topology::BindOnly);
    (registry.start(bus).await.unwrap(), calls)
}

async fn a_deleted_consumer_is_said_and_come_back_it_is_read(env: Env) {
    let bus = env.bus();
    make(&bus).await;
    let (running, mut calls) = bound(&bus).await;
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(calls.next().await.number, 1);
    state(&running.control(), is_running).await;

    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    let failing = state(&running.control(), is_failing).await;
    let RouteState::Failing { error, .. } = failing else { unreachable!() };
    assert!(!error.is_empty());
    // What it says in the end names the culprit.
    let named = |state: &RouteState| {
        matches!(state, RouteState::Failing { error, .. }
            if error.contains("shop-parcels_sent") && error.contains("PARCELS"))
    };
    state(&running.control(), named).await;
    calls.none_within(SHORT).await;

    make(&bus).await;
    // It is said although nothing comes that would show it.
    state(&running.control(), is_running).await;
    bus.publish(&sent(2)).await.unwrap();
    // A consumer that is new begins at the beginning; who made it may have handled the first one.
    while calls.next().await.number != 2 {}
    running.shutdown().await;
}

async fn a_deleted_stream_is_said_and_come_back_it_is_read(env: Env) {
    let bus = env.bus();
    make(&bus).await;
    let (running, mut calls) = bound(&bus).await;
    bus.stream::<Parcels>().delete().await.unwrap();
    let named = |state: &RouteState| matches!(state, RouteState::Failing { error, .. } if error.contains("PARCELS"));
    state(&running.control(), named).await;
    make(&bus).await;
    state(&running.control(), is_running).await;
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(calls.next().await.number, 1);
    running.shutdown().await;
}

/// The dead-letter stream of `shop`, as an operator knows it.
#[derive(EventStream)]
#[stream(name = "shop-dead-letters", subjects("_dead_letters.shop-dead-letters.>"))]
struct Aside;

/// A registry whose handler rejects every second one.
async fn choosy(bus: &Bus, policy: DeadLetterPolicy) -> (Running, Calls) {
    let (handler, calls) = script(|number, _| match number % 2 {
        1 => Step::Fail(Failure::reject("no such parcel")),
        _ => Step::Done,
    });
    let route = Route::of::<Sent>(handler).ack_wait(Duration::from_millis(300));
    let registry = Registry::new("shop").dead_letters(policy).route(route);
    (registry.start(bus).await.unwrap(), calls)
}

async fn unsettled(bus: &Bus) -> u64 {
    bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap().ack_pending
}

async fn a_full_stream_of_letters_is_said_until_there_is_room(env: Env) {
    let bus = env.bus();
    let (running, mut calls) = choosy(&bus, DeadLetterPolicy::default().max_messages(1)).await;
    bus.publish(&sent(1)).await.unwrap();
    calls.next().await;
    let aside = bus.dead_letters("shop");
    let first = letters(&aside, 1).await.remove(0);
    bus.publish(&sent(3)).await.unwrap();
    calls.next().await;
    let failing = state(&running.control(), is_failing).await;
    let RouteState::Failing { error, .. } = failing else { unreachable!() };
    assert!(error.contains("shop-dead-letters"), "{error}");
    // The others are handled, and that hides nothing.
    for number in [2, 4, 6] {
        bus.publish(&sent(number)).await.unwrap();
        assert_eq!(calls.next().await.number, number);
        assert!(is_failing(&running.status()[0].state));
    }
    // For longer than the ack wait: it is kept here, and is in nobody else's hands.
    calls.none_within(Duration::from_millis(500)).await;
    assert_eq!(unsettled(&bus).await, 1);
    assert_eq!(aside.purge(first.sequence()).await.unwrap().purged, 1);
    let second = letters(&aside, 1).await.remove(0);
    assert_eq!((second.original_sequence(), second.attempts()), (Some(2), Some(1)));
    state(&running.control(), is_running).await;
    calls.none_within(Duration::from_millis(500)).await;
    assert_eq!(unsettled(&bus).await, 0);
    assert_eq!(letters(&aside, 1).await[0].sequence(), second.sequence());
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.rejected, report.dead_lettered, report.handled), (2, 2, 3));
}

async fn a_missing_stream_of_letters_is_made_again(env: Env) {
    let bus = env.bus();
    let (running, mut calls) = choosy(&bus, DeadLetterPolicy::default()).await;
    bus.stream::<Aside>().delete().await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    calls.next().await;
    let letter = letters(&bus.dead_letters("shop"), 1).await.remove(0);
    assert_eq!(letter.original_sequence(), Some(1));
    state(&running.control(), is_running).await;
    calls.none_within(Duration::from_millis(500)).await;
    assert_eq!(unsettled(&bus).await, 0);
    let count = bus.dead_letters("shop").count(DeadLetterFilter::all()).await.unwrap();
    assert_eq!(count, 1);
    running.shutdown().await;
}

/// A shutdown does not wait for room: the original stays for who comes next.
async fn a_shutdown_leaves_what_finds_no_room(env: Env) {
    let bus = env.bus();
    let (running, mut calls) = choosy(&bus, DeadLetterPolicy::default().max_messages(1)).await;
    bus.publish_all([sent(1), sent(3)]).await.unwrap();
    calls.list(2).await;
    let aside = bus.dead_letters("shop");
    let first = letters(&aside, 1).await.remove(0);
    state(&running.control(), is_failing).await;
    running.shutdown_within(SHORT).await;
    assert_eq!(unsettled(&bus).await, 1);
    aside.purge(first.sequence()).await.unwrap();
    let (running, mut calls) = choosy(&bus, DeadLetterPolicy::default()).await;
    let again = calls.next().await;
    assert_eq!(again.attempt, 2, "{again:?}");
    let second = letters(&aside, 1).await.remove(0);
    assert_ne!(second.original_sequence(), first.original_sequence());
    calls.none_within(SHORT).await;
    assert_eq!(unsettled(&bus).await, 0);
    running.shutdown().await;
}

/// More than the handlers that a route has: each would keep its place.
const MANY: u64 = 40;

async fn what_finds_no_room_among_the_letters_keeps_no_place(env: Env) {
    let bus = env.bus();
    let (running, mut calls) = choosy(&bus, DeadLetterPolicy::default().max_messages(1)).await;
    bus.publish_all((0..=MANY).map(|number| sent(2 * number + 1))).await.unwrap();
    eventually(SOON, "all but one have no letter", || async {
        let report = running.report().remove(0);
        if report.unstored == MANY { Ok(()) } else { Err(report) }
    })
    .await;
    bus.publish(&sent(100)).await.unwrap();
    while calls.next().await.number != 100 {}
    eventually(SOON, "it is handled", || async { running.report()[0].handled == 1 }).await;
    assert!(is_failing(&running.status()[0].state));
    // Only what has a letter counts, and what has none is not given to anybody else.
    let report = running.report().remove(0);
    assert_eq!((report.rejected, report.dead_lettered, report.handled), (MANY + 1, 1, 1));
    calls.none_within(Duration::from_millis(500)).await;
    assert_eq!(unsettled(&bus).await, MANY);

    // As soon as there is room, each goes its way.
    let mut config = bus.stream::<Aside>().config().await.unwrap().unwrap();
    config.max_messages = Some(1000);
    let plan = bus.plan_stream(&config).await.unwrap();
    assert_eq!(plan.action, PlanAction::Change, "{plan}");
    bus.apply(plan).await.unwrap();
    let aside = bus.dead_letters("shop");
    letters(&aside, 41).await;
    state(&running.control(), is_running).await;
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.dead_lettered, report.unstored, report.handled), (MANY + 1, 0, 1));
    assert_eq!(unsettled(&bus).await, 0);
}

async fn what_waits_for_its_letter_is_covered_by_no_ack(env: Env) {
    let bus = env.bus();
    let (handler, mut calls) = script(|number, _| match number {
        2 => Step::Fail(Failure::reject("no such parcel")),
        _ => Step::Done,
    });
    let route = Route::of::<Sent>(handler).concurrency(1).ack_every(4);
    let route = route.ack_wait(Duration::from_millis(600));
    let policy = DeadLetterPolicy::default().max_messages(1);
    let running = Registry::new("shop").dead_letters(policy).route(route);
    let running = running.start(&bus).await.unwrap();
    // Somebody else's letter leaves no room.
    let reject = async |_: Seen, _: Context| Err::<(), _>(Failure::reject("no"));
    let policy = DeadLetterPolicy::stream("shop-dead-letters");
    let other = Registry::new("other").dead_letters(policy).handle::<Seen>(reject);
    let other = other.start(&bus).await.unwrap();
    bus.publish(&Seen { number: 1, region: Region::Eu }).await.unwrap();
    let aside = bus.dead_letters("shop");
    let first = letters(&aside, 1).await.remove(0);
    other.shutdown().await;

    for number in 1..=10 {
        bus.publish(&sent(number)).await.unwrap();
        assert_eq!(calls.next().await.number, number);
    }
    assert!(is_failing(&running.status()[0].state));
    // What lies before it is acknowledged, and nothing behind it; none of it comes again.
    calls.none_within(Duration::from_millis(1500)).await;
    assert_eq!(unsettled(&bus).await, 9);
    assert_eq!(aside.purge(first.sequence()).await.unwrap().purged, 1);
    let letter = letters(&aside, 1).await.remove(0);
    assert_eq!(letter.decode::<Sent>().unwrap().number, 2);
    eventually(SOON, "all is acknowledged", || async { unsettled(&bus).await == 0 }).await;
    calls.none_within(Duration::from_millis(800)).await;
    state(&running.control(), is_running).await;
    running.shutdown().await;
}
