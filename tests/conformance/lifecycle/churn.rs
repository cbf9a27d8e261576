//! Registries that come and go while publishing goes on.

use futures_util::future::join_all;
use tidings::prelude::*;
use tidings_tests::eventually;
use tokio_util::sync::CancellationToken;

use crate::support::env::{BY_AND_BY, Env, SOON, within};
use crate::support::handler_log::HandlerLog;
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    also_on_threads:
        registries_come_and_go_and_nothing_is_lost_or_doubled;
}

const PUBLISHERS: u64 = 2;
const GENERATIONS: usize = 6;

/// Publishes every second number, from 0 or 1, until it is told to end; gives how many.
async fn publish(bus: Bus, first: u64, end: CancellationToken) -> usize {
    let (mut numbers, mut count) = ((first..).step_by(2), 0);
    while !end.is_cancelled() {
        let acks = bus.publish_all(numbers.by_ref().take(20).map(sent)).await.unwrap();
        assert!(acks.iter().all(|ack| !ack.duplicate));
        count += acks.len();
    }
    count
}

async fn registries_come_and_go_and_nothing_is_lost_or_doubled(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (log, end) = (HandlerLog::default(), CancellationToken::new());
    let start = || {
        let route = Route::of::<Sent>(log.handler("one")).concurrency(8);
        Registry::new("shop").route(route).start(&bus)
    };
    let mut publishing = Vec::new();
    for first in 0..PUBLISHERS {
        let bus = env.another_bus().await;
        publishing.push(tokio::spawn(publish(bus, first, end.clone())));
    }
    for generation in 1..=GENERATIONS {
        let running = start().await.unwrap();
        log.wait_for(generation * 100, generation * 100).await;
        if generation % 2 == 0 {
            let report = running.shutdown().await.remove(0);
            assert_eq!((report.failed, report.aborted), (0, 0));
        } else {
            // Dropped, it ends in the same way, while the next one is here already.
            drop(running);
        }
    }
    end.cancel();
    let published = within(BY_AND_BY, join_all(publishing)).await;
    let published = published.into_iter().map(Result::unwrap).sum();
    let running = start().await.unwrap();
    log.wait_for(published, published).await;
    running.shutdown().await;

    let entries = log.entries();
    assert_eq!(entries.len(), published);
    assert!(entries.values().all(|by| by.len() == 1), "each once: {entries:?}");
    eventually(SOON, "all of them to be settled", || async {
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
        if state.pending + state.ack_pending == 0 { Ok(()) } else { Err(state) }
    })
    .await;
    assert_eq!(bus.stream::<Parcels>().state().await.unwrap().messages, published as u64);
}
