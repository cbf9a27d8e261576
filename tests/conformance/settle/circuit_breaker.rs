//! A route whose handler keeps failing pauses itself, and comes back by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tidings::prelude::*;
use tidings::{CircuitBreaker, RouteState, Running};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::support::condition::{letters, state};
use crate::support::env::{Env, SHORT, never, soon, within};
use crate::support::message::{Parcels, Sent, Switched, sent, switched};
use crate::support::script::{Calls, Step, assert_time, script};

scenarios! {
    every_bus:
        it_opens_probes_doubles_and_closes,
        what_was_rejected_says_nothing_of_the_handler,
        meanwhile_other_members_of_the_group_have_the_work,
        a_shutdown_tries_what_no_stream_keeps,
        a_shutdown_makes_the_last_attempts_that_are_here;
}

const PAUSE: Duration = Duration::from_secs(1);

/// A handler that fails as long as it is told to, on a route with a breaker.
struct Broken {
    running: Running,
    calls: Calls,
    fails: Arc<AtomicBool>,
}

async fn broken(bus: &Bus, breaker: CircuitBreaker) -> Broken {
    let fails = Arc::new(AtomicBool::new(true));
    let does_fail = Arc::clone(&fails);
    let (handler, calls) = script(move |_, _| {
        if does_fail.load(Relaxed) {
            Step::Fail(Failure::retry("the shop is shut"))
        } else {
            Step::Done
        }
    });
    let route = Route::of::<Sent>(handler).circuit_breaker(breaker);
    let route = route.retry(Retry::fixed(Duration::from_millis(10)));
    // What waits behind it longer than a handler may take is given back: here it may take long.
    let route = route.ack_wait(Duration::from_millis(500)).progress_limit(Duration::from_secs(60));
    let route = route.concurrency(4);
    let running = Registry::new("shop").route(route).start(bus).await.unwrap();
    Broken { running, calls, fails }
}

async fn it_opens_probes_doubles_and_closes(env: Env) {
    let bus = env.bus();
    let breaker = CircuitBreaker::after(3).open_for(PAUSE).max_open(PAUSE * 2);
    let Broken { running, mut calls, fails } = broken(&bus, breaker).await;
    let control = running.control();
    bus.publish(&sent(1)).await.unwrap();
    let failed = calls.list(3).await;
    let RouteState::Open { error, .. } =
        state(&control, |state| matches!(state, RouteState::Open { .. })).await
    else {
        unreachable!()
    };
    assert!(error.contains("the shop is shut"), "{error}");
    // What comes while it is open waits, for twice the ack wait and without being handled.
    bus.publish_all((2..=20).map(sent)).await.unwrap();
    let mut before = failed[2].at;
    for pause in [PAUSE, PAUSE * 2, PAUSE * 2] {
        let probe = calls.next().await;
        assert_time(&env, probe.at - before, pause, "one probe after a pause");
        before = probe.at;
    }
    // The third has failed by now: what it does was settled before it told of its call.
    fails.store(false, Relaxed);
    let mut handled = calls.list(20).await;
    assert_time(&env, handled[0].at - before, PAUSE * 2, "the probe that goes well");
    state(&control, |state| *state == RouteState::Running).await;
    calls.none_within(PAUSE).await;
    handled.sort_by_key(|call| call.number);
    assert!(handled.iter().map(|call| call.number).eq(1..=20), "each once: {handled:?}");
    // Three probes had a message each; what waited was not delivered a second time meanwhile.
    let tried: u64 = handled.iter().map(|call| call.attempt - 1).sum();
    assert_eq!(tried, 6, "{handled:?}");
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.failed), (20, 6));
}

async fn what_was_rejected_says_nothing_of_the_handler(env: Env) {
    let bus = env.bus();
    let (handler, mut calls) = script(|number, _| match number {
        4 => Step::Fail(Failure::retry("busy")),
        1..=7 => Step::Fail(Failure::reject("no such parcel")),
        _ => Step::Done,
    });
    let breaker = CircuitBreaker::after(2).open_for(Duration::from_secs(600));
    let route = Route::of::<Sent>(handler).circuit_breaker(breaker).concurrency(1);
    let route = route.retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=9).map(sent)).await.unwrap();
    calls.list(9).await;
    letters(&bus.dead_letters("shop"), 7).await;
    assert_eq!(running.status()[0].state, RouteState::Running);
    assert_eq!(running.shutdown().await[0].handled, 2);
}

async fn meanwhile_other_members_of_the_group_have_the_work(env: Env) {
    let bus = env.bus();
    let well = Arc::new(AtomicBool::default());
    let (sender, mut calls) = mpsc::unbounded_channel();
    let mut instances = Vec::new();
    for name in ["ill", "well"] {
        let (sender, well) = (sender.clone(), Arc::clone(&well));
        let handler = move |event: Switched, _: Context| {
            let is_well = name == "well" || well.load(Relaxed);
            let sent = sender.send((name, event.number));
            async move {
                sent?;
                if is_well { Ok(()) } else { Err(Failure::retry("it is dark")) }
            }
        };
        let breaker = CircuitBreaker::after(1).open_for(PAUSE);
        let route = Route::of::<Switched>(handler).circuit_breaker(breaker);
        let bus = env.another_bus().await;
        instances.push(Registry::new("lamps").route(route).start(&bus).await.unwrap());
    }
    // Until it has got one, and so is open, at least for so long.
    let mut number = 0;
    let open_until = loop {
        let before = Instant::now();
        bus.publish(&switched(number)).await.unwrap();
        number += 1;
        if soon(calls.recv()).await.unwrap().0 == "ill" {
            break before + PAUSE;
        }
    };
    state(&instances[0].control(), |state| matches!(state, RouteState::Open { .. })).await;
    // The server knows that it takes nothing.
    env.listeners("lamps.hall.switched", 1).await;
    let mut by_the_other = 0;
    for number in 1000..1020 {
        bus.publish(&switched(number)).await.unwrap();
        let (name, handled) = soon(calls.recv()).await.unwrap();
        assert_eq!(handled, number);
        if Instant::now() < open_until - PAUSE / 4 {
            assert_eq!(name, "well");
            by_the_other += 1;
        }
    }
    assert!(by_the_other > 0 || !env.is_exact());
    // It comes back, with one message first.
    well.store(true, Relaxed);
    let back = async {
        for number in 2000.. {
            bus.publish(&switched(number)).await.unwrap();
            if calls.recv().await.unwrap().0 == "ill" {
                break;
            }
            // Else thousands would go by until it is back.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within(PAUSE * 10, back).await;
    state(&instances[0].control(), |state| *state == RouteState::Running).await;
    for running in instances {
        running.shutdown().await;
    }
}

/// Core events have no other reader: they are tried rather than lost.
async fn a_shutdown_tries_what_no_stream_keeps(env: Env) {
    let bus = env.bus();
    let (sender, mut calls) = mpsc::unbounded_channel();
    let all_here = Arc::new(Semaphore::new(0));
    let of_handler = Arc::clone(&all_here);
    let handler = move |event: Switched, _: Context| {
        let (sent, all_here) = (sender.send(event.number), Arc::clone(&of_handler));
        async move {
            let _permit = all_here.acquire().await?;
            sent?;
            if event.number == 0 { Err(Failure::retry("it is dark")) } else { Ok(()) }
        }
    };
    let breaker = CircuitBreaker::after(1).open_for(Duration::from_secs(600));
    let route = Route::of::<Switched>(handler).circuit_breaker(breaker).concurrency(1);
    let running = Registry::new("lamps").route(route).start(&bus).await.unwrap();
    for number in 0..5 {
        bus.publish(&switched(number)).await.unwrap();
    }
    // They come over the connection that says this, before it does.
    bus.flush().await.unwrap();
    all_here.add_permits(1);
    assert_eq!(soon(calls.recv()).await, Some(0));
    state(&running.control(), |state| matches!(state, RouteState::Open { .. })).await;
    never(SHORT * 2, calls.recv()).await;
    let report = soon(running.shutdown()).await.remove(0);
    assert_eq!((report.handled, report.failed, report.left), (4, 1, 0));
}

/// The last attempt at a message that is here is made here: given back, it would be none.
async fn a_shutdown_makes_the_last_attempts_that_are_here(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=2).map(sent)).await.unwrap();
    let (handler, mut calls) = script(|number, _| match number {
        1 => Step::Fail(Failure::retry("the shop is shut")),
        _ => Step::Done,
    });
    let breaker = CircuitBreaker::after(1).open_for(Duration::from_secs(600));
    let route = Route::of::<Sent>(handler).circuit_breaker(breaker).concurrency(1);
    let route = route.retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    assert_eq!(calls.next().await.number, 1);
    state(&running.control(), |state| matches!(state, RouteState::Open { .. })).await;
    calls.none_within(SHORT).await;
    let report = soon(running.shutdown()).await.remove(0);
    assert_eq!((report.handled, report.dead_lettered), (1, 1));
    assert_eq!(letters(&bus.dead_letters("shop"), 1).await[0].original_sequence(), Some(1));
}
