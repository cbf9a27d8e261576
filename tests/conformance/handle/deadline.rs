//! Promise 4: how long a handler may take.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{RequestError, RouteReport};
use tidings_tests::eventually;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::condition::letters;
use crate::support::env::{Env, SOON, soon};
use crate::support::message::{Check, Parcels, Sent, Switched, sent, switched};
use crate::support::script::{Step, assert_times, gaps, script, which};

scenarios! {
    every_bus:
        who_is_slower_than_the_ack_wait_handles_once,
        after_the_progress_limit_a_message_comes_again,
        who_hangs_is_cut_off_tried_again_and_put_aside,
        an_asker_is_told_of_a_deadline,
        a_core_event_past_its_deadline_makes_room_for_the_next;
}

const ACK_WAIT: Duration = Duration::from_millis(400);
const DEADLINE: Duration = Duration::from_millis(300);

async fn unsettled(bus: &Bus) -> u64 {
    bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap().ack_pending
}

async fn who_is_slower_than_the_ack_wait_handles_once(env: Env) {
    let bus = env.bus();
    // So long that a busy machine, too, says in time that it goes on.
    let ack_wait = Duration::from_secs(1);
    let mut instances = Vec::new();
    for _ in 0..2 {
        let (handler, calls) = script(move |_, _| Step::Take(ack_wait * 4));
        let route = Route::of::<Sent>(handler).ack_wait(ack_wait).retry(Retry::never());
        let bus = env.another_bus().await;
        let running = Registry::new("shop").route(route).start(&bus);
        instances.push((running.await.unwrap(), calls));
    }
    bus.publish_all((0..4).map(sent)).await.unwrap();
    let mut reports: Vec<RouteReport> = Vec::new();
    let handled = || instances.iter().map(|(running, _)| running.report()[0].handled).sum::<u64>();
    eventually(SOON, "all are handled and settled", || async {
        let seen = (handled(), unsettled(&bus).await);
        if seen == (4, 0) { Ok(()) } else { Err(seen) }
    })
    .await;
    for (running, _) in instances {
        reports.append(&mut running.shutdown().await);
    }
    assert_eq!(reports.iter().map(|report| report.handled).sum::<u64>(), 4, "{reports:?}");
    assert!(reports.iter().all(|report| report.failed == 0), "{reports:?}");
    letters(&bus.dead_letters("shop"), 0).await;
}

async fn after_the_progress_limit_a_message_comes_again(env: Env) {
    let bus = env.bus();
    let (handler, mut calls) = script(|_, attempt| match attempt {
        1 => Step::Hang,
        _ => Step::Done,
    });
    let limit = ACK_WAIT * 2;
    let route = Route::of::<Sent>(handler).ack_wait(ACK_WAIT).progress_limit(limit);
    let route = route.retry(Retry::fixed(Duration::ZERO).max_attempts(3));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    let calls = calls.list(2).await;
    assert_eq!(which(&calls), [(1, 1), (1, 2)]);
    // The last word of it is at the limit, or a half of the ack wait before it.
    let gap = gaps(&calls)[0];
    assert!(gap + env.coarse() >= limit + ACK_WAIT / 2, "{gap:?}");
    assert!(!env.is_exact() || gap <= limit + ACK_WAIT + env.coarse(), "{gap:?}");
    running.shutdown_within(Duration::ZERO).await;
}

async fn who_hangs_is_cut_off_tried_again_and_put_aside(env: Env) {
    let bus = env.bus();
    let (handler, mut calls) =
        script(|number, _| if number == 1 { Step::Hang } else { Step::Done });
    let wait = Duration::from_millis(100);
    let route = Route::of::<Sent>(handler).ack_wait(ACK_WAIT).deadline(DEADLINE);
    let route = route.retry(Retry::fixed(wait).max_attempts(2)).concurrency(2);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    // All others are handled while it hangs.
    let begun = calls.list(10).await;
    assert_eq!(begun.iter().map(|call| call.attempt).max(), Some(1));
    assert!(!env.is_exact() || begun[9].at - begun[0].at < DEADLINE, "{begun:?}");
    let again = calls.list(1).await;
    assert_eq!(which(&again), [(1, 2)]);
    let first = *begun.iter().find(|call| call.number == 1).unwrap();
    assert_times(&env, &gaps(&[first, again[0]]), &[DEADLINE + wait]);
    let letter = letters(&bus.dead_letters("shop"), 1).await.remove(0);
    assert_eq!((letter.reason().as_str(), letter.attempts()), ("attempts", Some(2)));
    assert!(letter.error().contains("deadline of 300ms"), "{}", letter.error());
    calls.none_within(DEADLINE).await;
    assert_eq!(unsettled(&bus).await, 0);
    let report = running.shutdown().await.remove(0);
    let counts = (report.handled, report.overdue, report.failed, report.dead_lettered);
    assert_eq!(counts, (9, 2, 2, 1));
}

async fn an_asker_is_told_of_a_deadline(env: Env) {
    let bus = env.bus();
    let hang = async |_: Check, _: Context| std::future::pending().await;
    let route = Route::of::<Check>(hang).deadline(DEADLINE);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let begun = Instant::now();
    let answer = soon(bus.request(&Check { quantity: 1 })).await;
    let Err(RequestError::Service { code: 504, .. }) = &answer else { panic!("{answer:?}") };
    assert!(begun.elapsed() + env.coarse() >= DEADLINE);
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.overdue, report.failed, report.handled), (1, 1, 0));
}

async fn a_core_event_past_its_deadline_makes_room_for_the_next(env: Env) {
    let bus = env.bus();
    let (sender, mut begun) = mpsc::unbounded_channel();
    let handler = move |event: Switched, _: Context| {
        let sent = sender.send(event.number);
        async move {
            sent?;
            if event.number == 1 { std::future::pending().await } else { Ok(()) }
        }
    };
    let route = Route::of::<Switched>(handler).deadline(DEADLINE).concurrency(1);
    let running = Registry::new("lamps").route(route).start(&bus).await.unwrap();
    for number in 1..=3 {
        bus.publish(&switched(number)).await.unwrap();
    }
    for number in 1..=3 {
        assert_eq!(soon(begun.recv()).await, Some(number));
    }
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.overdue, report.failed), (2, 1, 1));
}
