//! Promise 3: a handler that fails, and what becomes of its message.

use std::error::Error;
use std::time::Duration;

use tidings::prelude::*;
use tidings::{DeadLetter, RouteReport};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::condition::letters;
use crate::support::env::{Env, SHORT, never, soon};
use crate::support::message::{NotSent, Parcels, Region, Sent, sent};

scenarios! {
    every_bus:
        acked_only_after_ok,
        an_error_is_a_retry,
        a_failure_says_itself_when_to_come_again,
        a_panic_is_a_retry_and_others_go_on,
        reject_and_undecodable_end_a_message,
        errors_of_every_kind_become_failures;
}

async fn acked_only_after_ok(env: Env) {
    let bus = env.bus();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let handler = move |_: Sent, cx: Context| {
        let begun = begun.clone();
        async move {
            begun.send(cx.attempt())?;
            // Never ends: the process "dies" while it works.
            std::future::pending::<Result<(), Failure>>().await
        }
    };
    let route = Route::of::<Sent>(handler).ack_wait(Duration::from_secs(1));
    let hung = Registry::new("shop")
        // Nor does it say any more that it is at work.
        .route(route.progress_limit(Duration::ZERO))
        .start(&bus)
        .await
        .unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(begins.recv()).await, Some(1));
    // Not acked, so it comes again, to another instance too.
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let recorder = move |event: Sent, _: Context| {
        std::future::ready(sender.send(event.number).map_err(Failure::from))
    };
    let other = Registry::new("shop")
        .route(Route::of::<Sent>(recorder).ack_wait(Duration::from_secs(1)))
        .start(&env.another_bus().await)
        .await
        .unwrap();
    drop(hung);
    assert_eq!(soon(numbers.recv()).await, Some(1));
    other.shutdown().await;
}

/// Runs a handler of `Sent` that says what to do at each attempt, until there were so many of
/// them and there are no more.
async fn attempts(
    env: &Env,
    numbers: impl IntoIterator<Item = u64>,
    count: usize,
    each: impl Fn(u64, u64) -> Result<(), Failure> + Send + Sync + 'static,
) -> (Vec<(u64, u64)>, RouteReport) {
    let bus = env.bus();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let handler = move |event: Sent, cx: Context| {
        sender.send((event.number, cx.attempt())).unwrap();
        let result = each(event.number, cx.attempt());
        async move { result }
    };
    let route = Route::of::<Sent>(handler).retry(Retry::fixed(SHORT)).concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    for number in numbers {
        bus.publish(&sent(number)).await.unwrap();
    }
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(soon(seen.recv()).await.unwrap());
    }
    never(SHORT * 2, seen.recv()).await;
    (all, running.shutdown().await.remove(0))
}

async fn an_error_is_a_retry(env: Env) {
    let begun = Instant::now();
    let (attempts, report) = attempts(&env, [1, 2], 6, |number, attempt| match (number, attempt) {
        (1, 1..=3) => Err(Failure::retry("not yet")),
        (2, 1) => Err(std::io::Error::other("a plain error"))?,
        _ => Ok(()),
    })
    .await;
    let of = |number| attempts.iter().filter(|a| a.0 == number).map(|a| a.1).collect::<Vec<_>>();
    assert_eq!(of(1), [1, 2, 3, 4]);
    assert_eq!(of(2), [1, 2]);
    assert_eq!(attempts[..2], [(1, 1), (2, 1)], "while one waits the others go on");
    // Three waits, and the one in which nothing more came.
    assert!(begun.elapsed() >= SHORT * 5, "not before its time: {:?}", begun.elapsed());
    assert_eq!((report.handled, report.failed, report.rejected), (2, 4, 0));
}

async fn a_failure_says_itself_when_to_come_again(env: Env) {
    let begun = Instant::now();
    let (attempts, report) = attempts(&env, [1], 2, |_, attempt| match attempt {
        1 => Err(Failure::retry_after(SHORT * 4, "the shop opens later")),
        _ => Ok(()),
    })
    .await;
    assert_eq!(attempts, [(1, 1), (1, 2)]);
    assert!(begun.elapsed() >= SHORT * 6, "not before its time: {:?}", begun.elapsed());
    assert_eq!((report.handled, report.failed), (1, 1));
}

async fn a_panic_is_a_retry_and_others_go_on(env: Env) {
    let (attempts, report) = attempts(&env, 1..=3, 5, |number, attempt| {
        assert!(number != 2 || attempt > 2, "a deliberate panic");
        Ok(())
    })
    .await;
    let of = |number| attempts.iter().filter(|a| a.0 == number).map(|a| a.1).collect::<Vec<_>>();
    assert_eq!((of(1), of(2), of(3)), (vec![1], vec![1, 2, 3], vec![1]));
    assert_eq!((report.handled, report.failed, report.panicked), (3, 2, 2));
}

async fn reject_and_undecodable_end_a_message(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&NotSent { region: Region::Eu, nonsense: true }).await.unwrap();
    let (attempts, report) = attempts(&env, [1, 2], 2, |number, _| {
        if number == 1 { Err(Failure::reject("no such parcel")) } else { Ok(()) }
    })
    .await;
    assert_eq!(attempts, [(1, 1), (2, 1)], "neither comes again");
    assert_eq!((report.handled, report.rejected, report.undecodable), (1, 1, 1));
}

/// Fails in the way that its number says, each by `?`.
async fn fail_by_question_mark(event: Sent, _: Context) -> Result<(), Failure> {
    let boxed = || -> Result<(), Box<dyn Error + Send + Sync>> { Err("a box")? };
    match event.number {
        1 => Err(anyhow::anyhow!("the cause").context("the way"))?,
        2 => boxed()?,
        3 => Err("a text")?,
        4 => Err(format!("text {}", event.number))?,
        _ => drop("x".parse::<u32>()?),
    }
    Ok(())
}

async fn errors_of_every_kind_become_failures(env: Env) {
    let bus = env.bus();
    let route = Route::of::<Sent>(fail_by_question_mark).retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=5).map(sent)).await.unwrap();
    let mut found = letters(&bus.dead_letters("shop"), 5).await;
    found.sort_by_key(DeadLetter::original_sequence);
    let told: Vec<&str> = found.iter().map(DeadLetter::error).collect();
    let number = "invalid digit found in string";
    assert_eq!(told, ["the way: the cause", "a box", "a text", "text 4", number]);
    running.shutdown().await;
}
