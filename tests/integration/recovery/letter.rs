//! Recovery of dead letters: what they stand on is taken away, and the policy changes under
//! messages that wait.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use tidings::prelude::*;
use tidings::{DeadLetter, DeadLetterFilter};
use tidings_tests::{Server, eventually};

use super::{CONSUMER, Kneaded, Loaves, RECOVERED, publish};

const REGISTRY: &str = "bakers";

fn route(retry: Retry) -> Route<Kneaded> {
    let handler = async |loaf: Kneaded, _: Context| match loaf.number {
        0..10 => Ok(()),
        10..20 => Err(Failure::reject("burnt")),
        _ => Err(Failure::retry("not yet")),
    };
    Route::of::<Kneaded>(handler).durable(CONSUMER).ack_wait(Duration::from_secs(1)).retry(retry)
}

/// Waits for so many letters.
async fn letters(bus: &Bus, count: usize) -> Vec<DeadLetter> {
    let aside = bus.dead_letters(REGISTRY);
    eventually(RECOVERED, format!("{count} letters"), || async {
        let found: Vec<_> = aside.list(DeadLetterFilter::all()).collect().await;
        if found.len() == count && found.iter().all(Result::is_ok) {
            Ok(found.into_iter().map(Result::unwrap).collect())
        } else {
            Err(format!("{found:?}"))
        }
    })
    .await
}

async fn settled(bus: &Bus) {
    eventually(RECOVERED, "nobody owes an answer", || async {
        let state = bus.stream::<Loaves>().consumer_state(CONSUMER).await;
        let state = state.map_err(|error| error.to_string())?;
        if (state.pending, state.ack_pending) == (0, 0) {
            Ok(())
        } else {
            Err(format!("{state:?}"))
        }
    })
    .await;
}

/// The stream of the letters is deleted while a registry runs: what is given up next waits until
/// there is one again, and is not lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_stream_comes_back() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let running = Registry::new(REGISTRY).route(route(Retry::never())).start(&bus).await.unwrap();
    publish(&bus, 8..12).await;
    letters(&bus, 2).await;
    settled(&bus).await;

    let context = async_nats::jetstream::new(server.client().await);
    context.delete_stream(format!("{REGISTRY}-dead-letters")).await.unwrap();
    publish(&bus, 12..15).await;
    let letters = letters(&bus, 3).await;
    let numbers = letters.iter().map(|letter| letter.decode::<Kneaded>().unwrap().number);
    assert_eq!(numbers.collect::<BTreeSet<_>>(), BTreeSet::from([12, 13, 14]));
    settled(&bus).await;
    running.shutdown().await;
}

/// A policy that is shortened under messages that were tried more often already: they are not
/// tried again, and are put aside once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shorter_policy_puts_aside_what_is_over_it() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let patient = Retry::fixed(Duration::from_millis(200)).max_attempts(1000);
    let running = Registry::new(REGISTRY).route(route(patient)).start(&bus).await.unwrap();
    publish(&bus, 20..25).await;
    eventually(RECOVERED, "each has failed four times", || async {
        running.report()[0].failed >= 4 * 5
    })
    .await;
    running.shutdown().await;
    let hasty = Retry::fixed(Duration::from_millis(200)).max_attempts(2);
    let running = Registry::new(REGISTRY).route(route(hasty)).start(&bus).await.unwrap();
    letters(&bus, 5).await;
    settled(&bus).await;
    running.shutdown().await;
    assert_eq!(letters(&bus, 5).await.len(), 5, "each once");
}
