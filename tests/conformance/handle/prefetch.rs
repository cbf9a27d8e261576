//! Promise 4 and 5: how many messages are here, and that those that wait are not lost to the
//! server.

use std::sync::Arc;
use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::eventually;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::support::condition::letters;
use crate::support::env::{Env, SHORT, SOON, never, soon};
use crate::support::message::{Parcels, Sent, Switched, sent, switched};
use crate::support::script::{Step, script, which};

scenarios! {
    every_bus:
        no_more_is_fetched_than_a_route_says,
        what_waits_here_for_long_does_not_come_twice,
        a_rate_is_kept_by_a_stream_s_route,
        a_rate_is_kept_by_a_core_route;
}

/// Waits until so many are unsettled, and asserts that no more are a moment later.
async fn stays_unsettled(bus: &Bus, count: u64) {
    let state = || async {
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await;
        state.unwrap().ack_pending
    };
    eventually(SOON, format!("{count} are unsettled"), || async {
        let unsettled = state().await;
        if unsettled == count { Ok(()) } else { Err(unsettled) }
    })
    .await;
    tokio::time::sleep(SHORT / 2).await;
    assert_eq!(state().await, count);
}

async fn no_more_is_fetched_than_a_route_says(env: Env) {
    let bus = env.bus();
    for (prefetch, most) in [(None, 6), (Some(1), 4), (Some(0), 3)] {
        let gate = Arc::new(Semaphore::new(0));
        let (begun, mut begins) = mpsc::unbounded_channel();
        let handler = {
            let gate = Arc::clone(&gate);
            move |event: Sent, _: Context| {
                let (gate, begun) = (Arc::clone(&gate), begun.clone());
                async move {
                    begun.send(event.number)?;
                    gate.acquire().await?.forget();
                    Ok(())
                }
            }
        };
        let route = Route::of::<Sent>(handler).concurrency(3);
        let route = match prefetch {
            Some(prefetch) => route.prefetch(prefetch),
            None => route,
        };
        let first = most * 100;
        let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
        bus.publish_all((first..first + 20).map(sent)).await.unwrap();
        for _ in 0..3 {
            soon(begins.recv()).await.unwrap();
        }
        stays_unsettled(&bus, most).await;
        // The same when they are taken one by one.
        for _ in 0..5 {
            gate.add_permits(1);
            soon(begins.recv()).await.unwrap();
        }
        stays_unsettled(&bus, most).await;
        assert!(begins.try_recv().is_err());
        gate.add_permits(100);
        for _ in 8..20 {
            soon(begins.recv()).await.unwrap();
        }
        assert_eq!(running.shutdown().await[0].handled, 20);
    }
}

async fn what_waits_here_for_long_does_not_come_twice(env: Env) {
    let bus = env.bus();
    let ack_wait = Duration::from_secs(1);
    let (handler, mut calls) = script(move |number, _| match number {
        1 => Step::Take(ack_wait * 4),
        _ => Step::Done,
    });
    let route = Route::of::<Sent>(handler).ack_wait(ack_wait).retry(Retry::never());
    let running = Registry::new("shop").route(route.concurrency(1)).start(&bus).await.unwrap();
    // One more is fetched ahead of it, which waits for four times the ack wait.
    bus.publish_all((1..=2).map(sent)).await.unwrap();
    let calls = calls.list(2).await;
    assert_eq!(which(&calls), [(1, 1), (2, 1)]);
    assert!(calls[1].at - calls[0].at + env.coarse() >= ack_wait * 4);
    assert_eq!(running.shutdown().await[0].handled, 2);
    letters(&bus.dead_letters("shop"), 0).await;
}

/// Number of messages that begin in each second.
const RATE: u32 = 40;

/// Asserts that calls came as evenly as the rate says, and not much more slowly.
fn assert_even(env: &Env, calls: &[Instant]) {
    let interval = Duration::from_secs(1) / RATE;
    for (first, begun) in calls.iter().enumerate() {
        for (many, later) in (1..).zip(&calls[first + 1..]) {
            let (least, took) = (interval * many, *later - *begun);
            assert!(took + env.coarse() >= least, "{many} more in {took:?}");
            let most = least + env.coarse();
            assert!(!env.is_exact() || took <= most, "{many} more not before {took:?}");
        }
    }
}

async fn a_rate_is_kept_by_a_stream_s_route(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((0..50).map(sent)).await.unwrap();
    let (handler, mut calls) = script(|_, _| Step::Done);
    // Those that wait for their turn wait for longer than the ack wait.
    let route = Route::of::<Sent>(handler).rate_limit(RATE, Duration::from_secs(1));
    let route = route.ack_wait(Duration::from_millis(200)).retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let calls = calls.list(50).await;
    assert_eq!(which(&calls), (0..50).map(|number| (number, 1)).collect::<Vec<_>>());
    assert_even(&env, &calls.iter().map(|call| call.at).collect::<Vec<_>>());
    assert_eq!(running.shutdown().await[0].handled, 50);
}

async fn a_rate_is_kept_by_a_core_route(env: Env) {
    let bus = env.bus();
    let (sender, mut calls) = mpsc::unbounded_channel();
    let handler = move |_: Switched, _: Context| {
        let sent = sender.send(Instant::now());
        async move { Ok(sent?) }
    };
    let route = Route::of::<Switched>(handler).rate_limit(RATE, Duration::from_secs(1));
    let running = Registry::new("lamps").route(route).start(&bus).await.unwrap();
    for number in 0..20 {
        bus.publish(&switched(number)).await.unwrap();
    }
    let mut begun = Vec::new();
    for _ in 0..20 {
        begun.push(soon(calls.recv()).await.unwrap());
    }
    assert_even(&env, &begun);
    never(SHORT, calls.recv()).await;
    assert_eq!(running.shutdown().await[0].handled, 20);
}
