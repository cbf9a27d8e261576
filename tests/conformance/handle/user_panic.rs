//! Panics in a user's `Display`, `Drop` and key: they end no task of a route.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tidings::prelude::*;
use tidings::{RouteState, Verdict};
use tidings_tests::eventually;

use crate::support::condition::letters;
use crate::support::env::{Env, SOON};
use crate::support::message::{Echo, Sent, Switched, sent, switched};

scenarios! {
    every_bus:
        no_text_ends_a_route_of_requests,
        no_text_ends_a_route_of_a_stream,
        no_text_ends_a_route_of_core_events,
        what_a_handler_holds_may_panic_when_its_deadline_drops_it;
}

/// An error that fails where it is shown, or where it is dropped.
#[derive(Clone, Copy)]
enum Odd {
    Fails,
    Panics,
    IsItsOwnSource,
    PanicsWhenDropped,
}

const ALL: [Odd; 4] = [Odd::Fails, Odd::Panics, Odd::IsItsOwnSource, Odd::PanicsWhenDropped];

struct OddError(Odd);

impl OddError {
    fn of(number: u64) -> Self {
        Self(ALL[usize::try_from(number).unwrap() % ALL.len()])
    }
}

impl fmt::Display for OddError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Odd::Fails => Err(fmt::Error),
            Odd::Panics => panic!("a deliberate panic of a text"),
            Odd::IsItsOwnSource => f.write_str("again"),
            Odd::PanicsWhenDropped => f.write_str("dropped"),
        }
    }
}

impl fmt::Debug for OddError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for OddError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        matches!(self.0, Odd::IsItsOwnSource).then_some(self)
    }
}

impl Drop for OddError {
    fn drop(&mut self) {
        assert!(!matches!(self.0, Odd::PanicsWhenDropped), "a deliberate panic of a drop");
    }
}

/// A panic whose payload panics when it is dropped.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        panic!("a deliberate panic of a payload");
    }
}

async fn no_text_ends_a_route_of_requests(env: Env) {
    let bus = env.bus();
    let handler = async |ask: Echo, _: Context| match ask.text.parse() {
        Ok(number) => Err(Failure::from(OddError::of(number))),
        Err(_) if ask.text == "panic" => std::panic::panic_any(Payload),
        Err(_) => Ok(ask.text),
    };
    let running = Registry::new("shop").handle::<Echo>(handler).start(&bus).await.unwrap();
    let ask = |text: &str| Echo { room: "hall".into(), text: text.into() };
    for text in ["0", "1", "2", "3", "panic", "0"] {
        let error = bus.request(&ask(text)).await.unwrap_err();
        assert!(!matches!(error, tidings::RequestError::NoResponders { .. }), "{text}: {error:?}");
        assert_eq!(bus.request(&ask("hello")).await.unwrap(), "hello");
        assert_eq!(running.status()[0].state, RouteState::Running);
    }
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.failed, report.panicked), (6, 6, 1));
}

async fn no_text_ends_a_route_of_a_stream(env: Env) {
    let bus = env.bus();
    let handler = async |event: Sent, _: Context| match event.number {
        100 => Ok(()),
        5 => std::panic::panic_any(Payload),
        number if number % 2 == 0 => Err(OddError::of(number / 2))?,
        number => Err(Failure::reject(OddError::of(number / 2))),
    };
    let route = Route::of::<Sent>(handler)
        .keyed_by(|event: &Sent| if event.number == 7 { std::panic::panic_any(Payload) } else { 0 })
        .classify(|failure| {
            // It shows the error itself, and panics with it.
            let _ = failure.error().to_string();
            Verdict::Reject
        })
        .retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((0..=8).chain([100]).map(sent)).await.unwrap();
    let found = letters(&bus.dead_letters("shop"), 9).await;
    assert!(found.iter().all(|letter| !letter.error().is_empty()), "{found:?}");
    eventually(SOON, "the last is handled", || async { running.report()[0].handled == 1 }).await;
    assert_eq!(running.status()[0].state, RouteState::Running);
    running.shutdown().await;
}

async fn no_text_ends_a_route_of_core_events(env: Env) {
    let bus = env.bus();
    let calls = Arc::new(AtomicU64::new(0));
    let handler = {
        let calls = Arc::clone(&calls);
        move |event: Switched, _: Context| {
            calls.fetch_add(1, Relaxed);
            async move { if event.number < 8 { Err(OddError::of(event.number))? } else { Ok(()) } }
        }
    };
    let running = Registry::new("shop").handle::<Switched>(handler).start(&bus).await.unwrap();
    for number in 0..=8 {
        bus.publish(&switched(number)).await.unwrap();
    }
    eventually(SOON, "all are handled", || async { calls.load(Relaxed) == 9 }).await;
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.failed), (1, 8));
}

async fn what_a_handler_holds_may_panic_when_its_deadline_drops_it(env: Env) {
    let bus = env.bus();
    let handler = async |event: Sent, _: Context| {
        if event.number == 1 {
            let _held = OddError(Odd::PanicsWhenDropped);
            std::future::pending::<()>().await;
        }
        Ok(())
    };
    let route = Route::of::<Sent>(handler)
        .deadline(Duration::from_millis(100))
        .ack_wait(Duration::from_millis(200))
        .retry(Retry::never())
        .concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=2).map(sent)).await.unwrap();
    letters(&bus.dead_letters("shop"), 1).await;
    eventually(SOON, "the other is handled", || async { running.report()[0].handled == 1 }).await;
    running.shutdown().await;
}
