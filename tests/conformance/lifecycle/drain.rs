//! Promise 7: messages that a shutdown finds waiting.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tidings::Running;
use tidings::prelude::*;
use tidings_tests::eventually;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::support::condition::letters;
use crate::support::env::{Env, SHORT, SOON, soon};
use crate::support::message::{Parcels, Sent, sent};
use crate::support::script::{Calls, Step, assert_time, script, which};

scenarios! {
    every_bus:
        what_is_to_be_tried_again_waits_for_the_next_instance,
        what_was_deferred_goes_to_the_next_instance,
        what_was_deferred_at_its_last_attempt_is_tried_once_more,
        what_is_deferred_while_it_drains_is_tried_once_more,
        last_attempts_that_are_here_are_made_here,
        what_waits_for_its_rate_goes_to_the_next_instance,
        a_rate_does_not_hold_up_a_shutdown_past_its_deadline;
}

/// Longest time that a shutdown takes where what is left waits for nobody.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The next instance of `shop`, which does everything.
async fn next(env: &Env, retry: Retry) -> (Running, Calls) {
    let (handler, calls) = script(|_, _| Step::Done);
    let route = Route::of::<Sent>(handler).retry(retry);
    let bus = env.another_bus().await;
    (Registry::new("shop").route(route).start(&bus).await.unwrap(), calls)
}

async fn unsettled(bus: &Bus) -> u64 {
    bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap().ack_pending
}

/// Waits until one message is handled and so many others wait here.
async fn first_is_handled_and(running: &Running, bus: &Bus, here: RangeInclusive<u64>) {
    eventually(SOON, format!("one is handled and {here:?} are here"), || async {
        let seen = (running.report()[0].handled, unsettled(bus).await);
        if seen.0 == 1 && here.contains(&seen.1) { Ok(()) } else { Err(seen) }
    })
    .await;
}

async fn what_is_to_be_tried_again_waits_for_the_next_instance(env: Env) {
    let (bus, wait) = (env.bus(), Duration::from_secs(1));
    let retry = || Retry::fixed(wait).max_attempts(2);
    let (handler, mut calls) = script(|_, _| Step::Fail(Failure::retry("the shop is shut")));
    let route = Route::of::<Sent>(handler).retry(retry());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    let failed = calls.list(3).await;
    let begun = Instant::now();
    running.shutdown().await;
    assert!(begun.elapsed() < wait, "it does not wait for retries");
    let (running, mut calls) = next(&env, retry()).await;
    let again = calls.list(3).await;
    assert!(again.iter().all(|call| call.attempt == 2), "{again:?}");
    assert_time(&env, again[0].at - failed[0].at, wait, "in its time");
    assert_eq!(running.shutdown().await[0].handled, 3);
    letters(&bus.dead_letters("shop"), 0).await;
}

async fn what_was_deferred_goes_to_the_next_instance(env: Env) {
    let bus = env.bus();
    let delay = Duration::from_secs(3);
    let (handler, mut calls) = script(move |_, _| Step::Fail(Failure::defer(delay, "it is early")));
    let running = Registry::new("shop").handle::<Sent>(handler).start(&bus).await.unwrap();
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    calls.list(3).await;
    let begun = Instant::now();
    assert_eq!(running.shutdown().await[0].deferred, 3);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    let (running, mut calls) = next(&env, Retry::default()).await;
    let mut again = which(&calls.list(3).await);
    // A timer is exact to some milliseconds, and the calls were told a moment after the deferral.
    assert!(begun.elapsed() + SHORT > delay, "not before its time: {:?}", begun.elapsed());
    again.sort_unstable();
    // The process has ended: that counts.
    assert_eq!(again, [(1, 2), (2, 2), (3, 2)]);
    assert_eq!(running.shutdown().await[0].handled, 3);
}

/// A message that is deferred at its last attempt is asked once more; who defers it for ever keeps
/// nobody.
async fn what_was_deferred_at_its_last_attempt_is_tried_once_more(env: Env) {
    let bus = env.bus();
    let of_first = AtomicU64::new(0);
    let (handler, mut calls) = script(move |number, _| match number {
        1 if of_first.fetch_add(1, Relaxed) == 1 => Step::Done,
        _ => Step::Fail(Failure::defer(Duration::from_secs(3600), "it is early")),
    });
    let route = Route::of::<Sent>(handler).retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=2).map(sent)).await.unwrap();
    calls.list(2).await;
    let deferred = || running.report()[0].deferred;
    eventually(SOON, "both are deferred", || async {
        if deferred() == 2 { Ok(()) } else { Err(deferred()) }
    })
    .await;
    let begun = Instant::now();
    let report = soon(running.shutdown()).await.remove(0);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert_eq!((report.handled, report.deferred, report.aborted), (1, 3, 0));
    let mut again = which(&calls.list(2).await);
    again.sort_unstable();
    assert_eq!(again, [(1, 1), (2, 1)]);
    assert_eq!(unsettled(&bus).await, 1, "it is not lost");
}

/// A handler that had begun before the shutdown may defer its message during it.
async fn what_is_deferred_while_it_drains_is_tried_once_more(env: Env) {
    let bus = env.bus();
    let (sender, mut calls) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let of_handler = Arc::clone(&gate);
    let handler = move |_: Sent, _: Context| {
        let (gate, sender) = (Arc::clone(&of_handler), sender.clone());
        async move {
            let _ = sender.send(());
            gate.acquire().await?.forget();
            // The first call of two leaves one permit, and the second none.
            if gate.available_permits() == 1 {
                return Err(Failure::defer(Duration::from_secs(3600), "it is early"));
            }
            Ok(())
        }
    };
    let route = Route::of::<Sent>(handler).retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    soon(calls.recv()).await.unwrap();
    let (report, ()) = tokio::join!(soon(running.shutdown()), async {
        // The shutdown has begun.
        tokio::task::yield_now().await;
        gate.add_permits(2);
    });
    assert_eq!((report[0].handled, report[0].deferred, report[0].aborted), (1, 1, 0));
    assert_eq!(unsettled(&bus).await, 0);
}

async fn last_attempts_that_are_here_are_made_here(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=20).map(sent)).await.unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let of_handler = Arc::clone(&gate);
    let (handler, mut calls) = script(move |_, _| Step::Await(Arc::clone(&of_handler)));
    let route = Route::of::<Sent>(handler).retry(Retry::never()).concurrency(2).prefetch(2);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    calls.list(2).await;
    // Two are at work, and two more are here, which the server counts as delivered.
    let here = 4;
    eventually(SOON, "two are at work and two are here", || async {
        let unsettled = unsettled(&bus).await;
        if unsettled == here { Ok(()) } else { Err(unsettled) }
    })
    .await;
    // Those at work end once the shutdown has begun: that a route knows of it shows nowhere.
    let end = async {
        tokio::time::sleep(SHORT).await;
        gate.add_permits(1);
    };
    let report = soon(async { tokio::join!(running.shutdown(), end).0 }).await.remove(0);
    assert_eq!((report.handled, report.dead_lettered), (here, 0));
    let (running, mut calls) = next(&env, Retry::never()).await;
    let rest = calls.list(20 - usize::try_from(here).unwrap()).await;
    assert!(rest.iter().all(|call| call.attempt == 1), "{rest:?}");
    calls.none_within(SHORT).await;
    running.shutdown().await;
    letters(&bus.dead_letters("shop"), 0).await;
}

async fn what_waits_for_its_rate_goes_to_the_next_instance(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    let (handler, mut calls) = script(|_, _| Step::Done);
    let route = Route::of::<Sent>(handler).rate_limit(1, Duration::from_secs(60));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    calls.next().await;
    first_is_handled_and(&running, &bus, 1..=9).await;
    let begun = Instant::now();
    assert_eq!(soon(running.shutdown()).await[0].handled, 1);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    let (running, mut calls) = next(&env, Retry::default()).await;
    let mut rest: Vec<_> = calls.list(9).await.iter().map(|call| call.number).collect();
    rest.sort_unstable();
    assert!(rest.into_iter().eq(2..=10));
    running.shutdown().await;
    letters(&bus.dead_letters("shop"), 0).await;
}

/// Events without another attempt wait for their rate, but not longer than the shutdown does.
async fn a_rate_does_not_hold_up_a_shutdown_past_its_deadline(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    let (handler, mut calls) = script(|_, _| Step::Done);
    let route = Route::of::<Sent>(handler).rate_limit(1, Duration::from_secs(60));
    let route = route.retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    calls.next().await;
    first_is_handled_and(&running, &bus, 2..=2).await;
    let begun = Instant::now();
    assert_eq!(soon(running.shutdown_within(SHORT)).await[0].handled, 1);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}
