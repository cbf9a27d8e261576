//! No wake-up without something to do: what is due and may not begin wakes nobody.

use std::cell::Cell;
use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use tidings::prelude::*;
use tidings::{Batch, CircuitBreaker};

thread_local! {
    /// Number of times that the schedulers of this thread, which is one test's, have looked what
    /// there is to do.
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

pub(crate) fn count() {
    LOOKS.set(LOOKS.get() + 1);
}

#[derive(EventStream)]
#[stream(name = "TICKS", subjects("ticks.>"))]
struct Ticks;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "ticks.came", stream = Ticks)]
struct Tick {
    #[event(id)]
    number: u64,
}

/// Numbers with which the handlers are called.
type Calls = mpsc::UnboundedReceiver<u64>;

/// Counts the looks of a route at what there is to do while nothing can be done: some messages were
/// handled, and what is due may not begin.
async fn looks(route: Route<impl Sized>, mut calls: Calls, messages: u64, awaited: usize) -> u64 {
    let bus = Bus::in_memory();
    bus.provision::<Ticks>().await.unwrap();
    let registry = Registry::new("clock").route(route);
    let running = registry.start(&bus).await.unwrap();
    bus.publish_all((0..messages).map(|number| Tick { number })).await.unwrap();
    for _ in 0..awaited {
        calls.recv().await.unwrap();
    }
    // Long enough for all that is due meanwhile.
    sleep(DUE * 3).await;
    let before = LOOKS.get();
    sleep(DUE * 10).await;
    let looks = LOOKS.get() - before;
    drop(running);
    looks
}

const DUE: Duration = Duration::from_millis(20);
const FAR: Duration = Duration::from_secs(600);
/// A timer is set once more where it was set too early.
const FEW: u64 = 10;

/// Fails in a way that the number says, and is told of.
fn failing(
    fails: impl Fn(u64) -> Option<Failure> + Send + Sync + 'static,
) -> (impl Handler<Tick>, Calls) {
    let (sender, calls) = mpsc::unbounded_channel();
    let handler = move |tick: Tick, _: Context| {
        let _ = sender.send(tick.number);
        let failure = fails(tick.number);
        async move {
            match failure {
                Some(failure) => Err(failure),
                None => pending::<Result<(), Failure>>().await,
            }
        }
    };
    (handler, calls)
}

#[tokio::test]
async fn what_failed_is_due_while_the_circuit_is_open() {
    for every in [true, false] {
        let (handler, calls) = failing(|_| Some(Failure::retry("down")));
        let route = Route::of::<Tick>(handler).concurrency(1).retry(Retry::fixed(DUE));
        let route = route.circuit_breaker(CircuitBreaker::after(1).open_for(FAR).max_open(FAR));
        let route = if every { route.ack_every(8) } else { route };
        let looks = looks(route, calls, 3, 1).await;
        assert!(looks <= FEW, "{looks} looks");
    }
}

#[tokio::test]
async fn what_was_deferred_is_due_while_all_places_are_taken() {
    let (handler, calls) = failing(|number| (number == 0).then(|| Failure::defer(DUE, "early")));
    let route = Route::of::<Tick>(handler).concurrency(1);
    let looks = looks(route, calls, 2, 2).await;
    assert!(looks <= FEW, "{looks} looks");
}

#[tokio::test]
async fn what_was_deferred_is_due_while_the_rate_is_used_up() {
    let (handler, calls) = failing(|_| Some(Failure::defer(DUE, "early")));
    let route = Route::of::<Tick>(handler).concurrency(4).rate_limit(1, FAR);
    let looks = looks(route, calls, 1, 1).await;
    assert!(looks <= FEW, "{looks} looks");
}

#[tokio::test]
async fn what_was_deferred_is_due_while_its_key_is_handled() {
    let (handler, calls) = failing(|number| (number == 0).then(|| Failure::defer(DUE, "early")));
    let route = Route::of::<Tick>(handler).concurrency(4).keyed_by(|_| 0);
    let looks = looks(route, calls, 2, 2).await;
    assert!(looks <= FEW, "{looks} looks");
}

#[tokio::test]
async fn a_batch_is_due_while_another_is_tried_alone() {
    let (sender, calls) = mpsc::unbounded_channel();
    let handler = move |batch: Batch<Tick>, _: Context| {
        let first = batch.iter().map(|tick| tick.number).next().unwrap_or(0);
        let is_first = sender.send(first).is_ok() && first == 0;
        async move {
            if is_first {
                return Err(Failure::retry("down"));
            }
            pending::<Result<(), Failure>>().await
        }
    };
    let route = Route::of::<Batch<Tick>>(handler).max_size(1).max_wait(DUE).concurrency(3);
    let route = route.circuit_breaker(CircuitBreaker::after(1).open_for(DUE).max_open(DUE));
    let route = route.retry(Retry::fixed(FAR));
    let looks = looks(route, calls, 4, 2).await;
    assert!(looks <= FEW, "{looks} looks");
}
