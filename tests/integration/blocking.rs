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
    let ack_wait = Duration::from_millis(500);
    let calls = Arc::new(AtomicU64::new(0));
    let handler = {
        let calls = Arc::clone(&calls);
        #[expect(clippy::disallowed_methods, reason = "a blocking handler is what is tried")]
        move |_: PrintOrdered, _: Context| {
            calls.fetch_add(1, Relaxed);
            std::thread::sleep(ack_wait * 4);
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
