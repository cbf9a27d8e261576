//! Promises 3 and 5: acks of many messages at once cover what was handled and nothing else, and
//! keep the order.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{ConsumerState, ServeError};
use tidings_tests::eventually;

use crate::support::condition::letters;
use crate::support::env::{Env, SHORT, SOON};
use crate::support::message::{Parcels, Sent, sent};
use crate::support::script::{Call, Calls, Step, script, which};

scenarios! {
    every_bus:
        all_that_is_handled_is_acknowledged,
        what_is_not_handled_is_not_covered,
        one_that_failed_keeps_those_behind_it_waiting,
        who_is_slower_than_the_ack_wait_handles_once,
        another_instance_stands_by_and_takes_over,
        what_an_instance_took_with_it_is_not_covered,
        what_is_given_back_is_not_covered,
        what_can_not_be_beside_it_is_refused;
}

const ACK_WAIT: Duration = Duration::from_secs(1);

async fn state(bus: &Bus) -> ConsumerState {
    bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap()
}

/// Waits until so many are unsettled, and none is to come.
async fn unsettled(bus: &Bus, count: u64) {
    eventually(SOON, "so many are unsettled", || async {
        let state = state(bus).await;
        if (state.ack_pending, state.pending) == (count, 0) { Ok(()) } else { Err(state) }
    })
    .await;
}

fn route(step: impl Fn(u64, u64) -> Step + Send + Sync + 'static) -> (Route<Sent>, Calls) {
    let (handler, calls) = script(step);
    let route = Route::of::<Sent>(handler).concurrency(1).ack_every(4).ack_wait(ACK_WAIT);
    (route.retry(Retry::fixed(SHORT).max_attempts(3)), calls)
}

/// Lets each be tried so often that many are fetched ahead, while their handler is quick.
fn tried_often(route: Route<Sent>) -> Route<Sent> {
    route.retry(Retry::fixed(SHORT).max_attempts(6))
}

async fn start(bus: &Bus, route: Route<Sent>) -> tidings::Running {
    Registry::new("shop").route(route).start(bus).await.unwrap()
}

/// Deliveries of each number once, in order, for the first time.
fn firsts(numbers: impl Iterator<Item = u64>) -> Vec<(u64, u64)> {
    numbers.map(|number| (number, 1)).collect()
}

async fn all_that_is_handled_is_acknowledged(env: Env) {
    let bus = env.bus();
    let (route, mut calls) = route(|_, _| Step::Done);
    let running = start(&bus, route).await;
    bus.publish_all((0..50).map(sent)).await.unwrap();
    assert_eq!(which(&calls.list(50).await), firsts(0..50));
    // Also those that are fewer than are acknowledged together.
    unsettled(&bus, 0).await;
    calls.none_within(ACK_WAIT * 2).await;
    assert_eq!(running.shutdown().await[0].handled, 50);
}

/// An ack less would be an ack too many: the last of those that are handled is not the last here.
async fn what_is_not_handled_is_not_covered(env: Env) {
    let bus = env.bus();
    // All are there, so that some are handled and not acknowledged when it begins.
    bus.provision::<Parcels>().await.unwrap();
    bus.publish_all((0..61).map(sent)).await.unwrap();
    let (cut, mut calls) = route(|number, _| if number == 58 { Step::Hang } else { Step::Done });
    let running = start(&bus, tried_often(cut)).await;
    assert_eq!(which(&calls.list(59).await), firsts(0..59));
    // It and those behind it; what was handled does not wait for them.
    eventually(SOON, "only those are left", || async {
        let state = state(&bus).await;
        if state.ack_pending + state.pending == 3 { Ok(()) } else { Err(state) }
    })
    .await;
    let report = running.shutdown_within(Duration::ZERO).await;
    assert_eq!((report[0].handled, report[0].aborted), (58, 1));
    let (next, mut calls) = route(|_, _| Step::Done);
    let running = start(&env.another_bus().await, next).await;
    let mut again = which(&calls.list(3).await);
    again.sort_unstable();
    let numbers: Vec<_> = again.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [58, 59, 60], "{again:?}");
    assert_eq!(again[0].1, 2, "it was given back");
    unsettled(&bus, 0).await;
    assert_eq!(running.shutdown().await[0].handled, 3);
}

async fn one_that_failed_keeps_those_behind_it_waiting(env: Env) {
    let bus = env.bus();
    let (route, mut calls) = route(|number, attempt| match (number, attempt) {
        (2, 1) => Step::Fail(Failure::retry("once more")),
        (3, 1) => Step::Panic,
        (5, _) => Step::Fail(Failure::reject("never")),
        (7, _) => Step::Fail(Failure::retry("never")),
        _ => Step::Done,
    });
    let running = start(&bus, route).await;
    bus.publish_all((1..=9).map(sent)).await.unwrap();
    let calls = calls.list(13).await;
    let order = [1, 2, 2, 3, 3, 4, 5, 6, 7, 7, 7, 8, 9];
    assert_eq!(calls.iter().map(|call| call.number).collect::<Vec<_>>(), order);
    let attempts: Vec<_> = calls.iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 1, 2, 1, 2, 1, 1, 1, 1, 2, 3, 1, 1]);
    assert!(calls[2].at - calls[1].at + env.coarse() >= SHORT, "after its wait");
    unsettled(&bus, 0).await;
    let put_aside = letters(&bus.dead_letters("shop"), 2).await;
    let mut reasons: Vec<_> = put_aside.iter().map(|letter| letter.reason().as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["attempts", "rejected"]);
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.dead_lettered), (7, 2));
}

async fn who_is_slower_than_the_ack_wait_handles_once(env: Env) {
    let bus = env.bus();
    let (route, mut calls) = route(|number, _| match number {
        63 => Step::Take(ACK_WAIT * 3),
        _ => Step::Done,
    });
    let running = start(&bus, tried_often(route)).await;
    // As quick as it is, it has room for those that come again.
    bus.publish_all((0..60).map(sent)).await.unwrap();
    assert_eq!(which(&calls.list(60).await), firsts(0..60));
    bus.publish_all((60..66).map(sent)).await.unwrap();
    assert_eq!(which(&calls.list(6).await), firsts(60..66));
    unsettled(&bus, 0).await;
    calls.none_within(ACK_WAIT * 2).await;
    assert_eq!(running.shutdown().await[0].handled, 66);
}

async fn another_instance_stands_by_and_takes_over(env: Env) {
    let bus = env.bus();
    let (route_of_first, mut of_first) = route(|_, _| Step::Done);
    let first = start(&bus, route_of_first).await;
    bus.publish_all((0..20).map(sent)).await.unwrap();
    assert_eq!(which(&of_first.list(20).await), firsts(0..20));
    let (route_of_second, mut of_second) = route(|_, _| Step::Done);
    let second = start(&env.another_bus().await, route_of_second).await;
    for number in 20..25 {
        // Nothing moves for a moment, and yet somebody reads it.
        of_second.none_within(ACK_WAIT / 2).await;
        bus.publish(&sent(number)).await.unwrap();
        assert_eq!(which(&of_first.list(1).await), firsts(number..=number));
    }
    first.shutdown().await;
    bus.publish_all((25..35).map(sent)).await.unwrap();
    let took_over: Vec<Call> = of_second.list(10).await;
    assert_eq!(which(&took_over), firsts(25..35));
    unsettled(&bus, 0).await;
    assert_eq!(second.shutdown().await[0].handled, 10);
}

/// A message that was handled by nobody, or by somebody who could not say so, comes again after its
/// ack wait, though others behind it were handled meanwhile.
async fn what_an_instance_took_with_it_is_not_covered(env: Env) {
    const LONG: Duration = Duration::from_secs(5);
    let bus = env.bus();
    let (lost, mut calls) = route(|number, _| if number == 2 { Step::Hang } else { Step::Done });
    let lost = lost.prefetch(1).ack_wait(LONG).progress_limit(Duration::ZERO);
    let running = start(&bus, lost).await;
    bus.publish_all((0..6).map(sent)).await.unwrap();
    assert_eq!(which(&calls.list(3).await), firsts(0..3));
    // It takes no more, and nobody says what becomes of the one that hangs.
    drop(running);
    let (next, mut calls) = route(|_, _| Step::Done);
    let running = start(&env.another_bus().await, next.ack_wait(LONG)).await;
    let mut seen: Vec<_> = which(&calls.list(4).await);
    let behind = seen.iter().position(|call| *call == (5, 1));
    let again = seen.iter().position(|call| *call == (2, 2));
    assert!(behind.is_some() && behind < again, "one behind it is handled before: {seen:?}");
    seen.sort_unstable();
    assert_eq!(seen.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 3, 4, 5]);
    unsettled(&bus, 0).await;
    calls.none_within(ACK_WAIT).await;
    assert_eq!(running.shutdown().await[0].handled, 4);
}

/// A message that came again while a later one was handled is given back at the shutdown, which
/// waits for that one.
async fn what_is_given_back_is_not_covered(env: Env) {
    const LONG: Duration = Duration::from_secs(3);
    let bus = env.bus();
    let (lost, mut of_lost) = route(|number, _| if number == 2 { Step::Hang } else { Step::Done });
    let lost = lost.prefetch(0).ack_wait(LONG).progress_limit(Duration::ZERO);
    let running = start(&bus, lost).await;
    bus.publish_all((0..5).map(sent)).await.unwrap();
    assert_eq!(which(&of_lost.list(3).await), firsts(0..3));
    drop(running);
    let (next, mut of_next) = route(|number, _| match number {
        4 => Step::Take(LONG * 2),
        _ => Step::Done,
    });
    let next = tried_often(next).prefetch(1).ack_wait(LONG);
    let bus_of_next = env.another_bus().await;
    let next = start(&bus_of_next, next).await;
    assert_eq!(which(&of_next.list(2).await), firsts(3..5));
    eventually(SOON, "it has come again", || async {
        let state = state(&bus).await;
        if state.redelivered > 0 { Ok(()) } else { Err(state) }
    })
    .await;
    assert_eq!(next.shutdown().await[0].handled, 2);
    let (third, mut of_third) = route(|_, _| Step::Done);
    let running = start(&env.another_bus().await, tried_often(third)).await;
    while of_third.next().await.number != 2 {}
    unsettled(&bus, 0).await;
    running.shutdown().await;
}

async fn what_can_not_be_beside_it_is_refused(env: Env) {
    let bus = env.bus();
    let of = || route(|_, _| Step::Done).0;
    for (route, said) in [
        (of().ack_every(0), "1 or more"),
        (of().concurrency(2), ".concurrency(1)"),
        (of().keyed_by(|sent: &Sent| sent.number), "keys"),
        (of().max_ack_pending(3), "4 is more than the 3"),
    ] {
        let started = Registry::new("shop").route(route).start(&bus).await;
        let Err(ServeError::Option { option, problem, .. }) = started else {
            panic!("{said}: {started:?}");
        };
        assert!(option == "ack_every" && problem.contains(said), "{option}: {problem}");
    }
    // What is there as one kind can't be made the other.
    let other = Route::of::<Sent>(async |_: Sent, _: Context| Ok(())).ack_wait(ACK_WAIT);
    start(&bus, other).await.shutdown().await;
    let error = Registry::new("shop").route(of()).start(&bus).await.unwrap_err();
    let text = format!("{:#}", anyhow::Error::from(error));
    assert!(text.contains("ack_policy"), "{text}");
}
