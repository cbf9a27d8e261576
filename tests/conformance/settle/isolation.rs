//! Isolation: what happens to one message, and not to those that are handled beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{Batch, CircuitBreaker, DeadLetterFilter, DeadLetterPolicy, Retry, RouteState};
use tidings_tests::eventually;
use tokio::sync::watch;

use crate::support::condition::state;
use crate::support::env::{Env, SHORT, SOON, soon};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        what_fails_beside_it_makes_no_pause_longer,
        one_that_cant_be_put_aside_keeps_no_other_of_its_batch,
        an_ack_wait_without_measure_is_a_long_one;
}

const LONG: Duration = Duration::from_secs(60);

async fn is_open(control: &tidings::Control) -> SystemTime {
    soon(async {
        loop {
            let changed = control.changed();
            if let RouteState::Open { until, .. } = control.status()[0].state {
                return until;
            }
            changed.await;
        }
    })
    .await
}

async fn what_fails_beside_it_makes_no_pause_longer(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let begun = watch::Sender::new(0);
    let handler = move |_: Sent, _: Context| {
        begun.send_modify(|begun| *begun += 1);
        let mut all = begun.subscribe();
        async move {
            // All of them are at work before the first one fails.
            all.wait_for(|begun| *begun >= 8).await?;
            Err::<(), _>(Failure::retry("down"))
        }
    };
    let breaker = CircuitBreaker::after(2).open_for(LONG).max_open(LONG * 1000);
    let route = Route::of::<Sent>(handler).concurrency(8).circuit_breaker(breaker);
    bus.publish_all((1..=8).map(sent)).await.unwrap();
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    is_open(&running.control()).await;
    let failed = || running.report()[0].failed;
    eventually(SOON, "all have failed", || async {
        if failed() == 8 { Ok(()) } else { Err(failed()) }
    })
    .await;
    let until = is_open(&running.control()).await;
    assert!(until < SystemTime::now() + LONG * 2, "{until:?}");
    soon(running.shutdown()).await;
}

async fn one_that_cant_be_put_aside_keeps_no_other_of_its_batch(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let handler = move |batch: Batch<Sent>, _: Context| {
        for item in &batch {
            if item.event().number <= 2 {
                item.fail(Failure::reject("never"));
            } else {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
        async { Ok::<(), Failure>(()) }
    };
    let ack_wait = Duration::from_millis(500);
    let route = Route::of::<Batch<Sent>>(handler)
        .max_size(10)
        .concurrency(2)
        .retry(Retry::fixed(Duration::ZERO))
        .ack_wait(ack_wait);
    // There is room for one letter.
    let registry =
        Registry::new("shop").dead_letters(DeadLetterPolicy::stream("FULL").max_messages(1));
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    let running = registry.route(route).start(&bus).await.unwrap();
    let control = running.control();
    state(&control, |state| matches!(state, RouteState::Failing { .. })).await;
    // What is acknowledged can't come again after any time.
    eventually(SOON, "the others are settled", || async {
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
        let seen = (running.report()[0].handled, state.ack_pending);
        if seen == (8, 1) { Ok(()) } else { Err(seen) }
    })
    .await;
    assert_eq!(count.load(Ordering::SeqCst), 8, "each of the others once");
    assert_eq!(bus.dead_letters_in("FULL").count(DeadLetterFilter::all()).await.unwrap(), 1);
    assert!(matches!(running.status()[0].state, RouteState::Failing { .. }));
    soon(running.shutdown_within(SHORT)).await;
}

async fn an_ack_wait_without_measure_is_a_long_one(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let handler = |_: Sent, _: Context| async {
        // So that the others wait here for a while.
        tokio::time::sleep(SHORT / 4).await;
        Ok::<(), Failure>(())
    };
    let route = Route::of::<Sent>(handler).concurrency(1).ack_wait(Duration::MAX);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    let done = || running.report()[0].handled;
    eventually(SOON, "all are handled", || async {
        if done() == 3 { Ok(()) } else { Err(done()) }
    })
    .await;
    soon(running.shutdown()).await;
}
