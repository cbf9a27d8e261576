//! A handler that blocks its thread for longer than the ack wait: somebody else tells the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tidings::DeadLetterFilter;
use tidings::prelude::*;
use tidings_tests::{Server, eventually};

use crate::SOON;

#[derive(EventStream)]
#[stream(name = "PRINTS", subjects("prints.>"))]
struct Prints;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "prints.ordered", stream = Prints)]
struct PrintOrdered {
    number: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_handler_that_blocks_its_thread_handles_once() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let ack_wait = Duration::from_millis(1500);
    let calls = Arc::new(AtomicU64::new(0));
    let handler = {
        let calls = Arc::clone(&calls);
        #[expect(clippy::disallowed_methods, reason = "a blocking handler is what is tried")]
        move |_: PrintOrdered, _: Context| {
            calls.fetch_add(1, Relaxed);
            std::thread::sleep(ack_wait * 2);
            std::future::ready(Ok(()))
        }
    };
    let route = Route::of::<PrintOrdered>(handler)
        .concurrency(1)
        .prefetch(1)
        .ack_wait(ack_wait)
        .retry(Retry::fixed(Duration::ZERO).max_attempts(2));
    let running = Registry::new("printer").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=2).map(|number| PrintOrdered { number })).await.unwrap();
    eventually(SOON, "both are settled", || async {
        let state = bus.stream::<Prints>().consumer_state("printer-prints_ordered").await;
        state.is_ok_and(|state| state.ack_pending + state.pending == 0)
    })
    .await;
    let report = running.shutdown().await;
    assert_eq!((calls.load(Relaxed), report[0].handled), (2, 2));
    assert_eq!(bus.dead_letters("printer").count(DeadLetterFilter::all()).await.unwrap(), 0);
}

/// A handler that was quick so far runs where messages are taken. When it blocks there, those that
/// arrive meanwhile are told of too.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_comes_while_a_quick_handler_blocks_is_handled_once() {
    const QUICK: u64 = 300;
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let ack_wait = Duration::from_millis(1500);
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    #[expect(clippy::disallowed_methods, reason = "a blocking handler is what is tried")]
    let handler = move |print: PrintOrdered, cx: Context| {
        let sent = begun.send((print.number, cx.attempt()));
        if print.number == QUICK {
            std::thread::sleep(ack_wait * 2);
        }
        std::future::ready(sent.map_err(Failure::from))
    };
    let route = Route::of::<PrintOrdered>(handler).concurrency(1).ack_wait(ack_wait);
    let running = Registry::new("printer").route(route).start(&bus).await.unwrap();
    bus.publish_all((0..QUICK).map(|number| PrintOrdered { number })).await.unwrap();
    for number in 0..QUICK {
        assert_eq!(begins.recv().await, Some((number, 1)));
    }
    // Nothing is here for longer than who tells the server stays awake: it has to be woken.
    tokio::time::sleep(ack_wait).await;
    bus.publish(&PrintOrdered { number: QUICK }).await.unwrap();
    assert_eq!(begins.recv().await, Some((QUICK, 1)));
    // They were asked for before it blocked, and arrive while nobody takes them.
    let later = QUICK + 1..QUICK + 40;
    bus.publish_all(later.clone().map(|number| PrintOrdered { number })).await.unwrap();
    for number in later {
        assert_eq!(begins.recv().await, Some((number, 1)));
    }
    let report = running.shutdown().await;
    assert_eq!((report[0].handled, begins.try_recv().ok()), (QUICK + 40, None));
}
