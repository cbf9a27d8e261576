//! A registry ends while it is busy: under load, with retries that have not come yet.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::Server;
use tokio::time::Instant;

use super::{Book, CONSUMER, Kneaded, Loaves, publish};

/// Instances of which one after the other takes over and is shut down in the middle, while every third
/// message fails at first. Nothing is lost, and nothing that was acked is handled again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_that_are_pending_are_handled_by_whoever_comes_next() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let (book, failed) = (Book::default(), Arc::new(Mutex::new(BTreeSet::new())));
    let start = || async {
        let bus = Bus::connect(server.url()).await.unwrap();
        let (book, failed) = (book.clone(), Arc::clone(&failed));
        let handler = move |loaf: Kneaded, cx: Context| {
            let (book, failed) = (book.clone(), Arc::clone(&failed));
            async move {
                if loaf.number.is_multiple_of(3) && failed.lock().unwrap().insert(loaf.number) {
                    return Err(Failure::retry("not yet"));
                }
                book.handle(loaf, cx).await
            }
        };
        let route = Route::of::<Kneaded>(handler).durable(CONSUMER);
        let route = route.retry(Retry::fixed(Duration::from_millis(700)));
        (Registry::new("bakers").route(route).start(&bus).await.unwrap(), bus)
    };
    let (mut running, mut own) = start().await;
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move { publish(&bus, 0..3000).await }
    });
    for numbers in [100..101, 700..701, 1300..1301, 1900..1901] {
        book.wait_for(numbers).await;
        let begun = Instant::now();
        running.shutdown().await;
        own.close().await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "it waits for no retry");
        (running, own) = start().await;
    }
    publishing.await.unwrap();
    book.wait_for(0..3000).await;
    running.shutdown().await;
    let state = bus.stream::<Loaves>().consumer_state(CONSUMER).await.unwrap();
    assert_eq!((state.pending, state.ack_pending), (0, 0), "nobody owes an answer");
    assert_eq!(book.twice(), 0, "what was acked is not handled again");
    own.close().await.unwrap();
}
