//! Publishing goes on while registries come and go.

use tidings::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::env::{BY_AND_BY, Env, within};
use crate::ledger::Ledger;
use crate::message::{Parcels, Sent, sent};

const GENERATIONS: usize = 6;

/// Publishes until it is told to end; gives how many.
async fn publish(bus: Bus, end: CancellationToken) -> u64 {
    let mut number = 0;
    while !end.is_cancelled() {
        bus.publish_all((number..number + 20).map(sent)).await.unwrap();
        number += 20;
    }
    number
}

pub(crate) async fn registries_come_and_go_and_nothing_is_lost_or_doubled(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (ledger, end) = (Ledger::default(), CancellationToken::new());
    let publishing: Vec<_> = [env.another_bus().await]
        .map(|bus| tokio::spawn(publish(bus, end.clone())))
        .into_iter()
        .collect();
    let mut handled = 0;
    for generation in 1..=GENERATIONS {
        let route = Route::of::<Sent>(ledger.handler("one")).concurrency(8);
        let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
        if generation == GENERATIONS {
            end.cancel();
            let mut published = 0;
            for publisher in within(BY_AND_BY, futures_util::future::join_all(publishing)).await {
                published += publisher.unwrap();
            }
            let published = usize::try_from(published).unwrap();
            ledger.wait_for(published, published).await;
            handled += running.shutdown().await[0].handled;
            let entries = ledger.entries();
            assert_eq!(entries.len(), published);
            assert!(entries.values().all(|by| by.len() == 1), "each once: {entries:?}");
            assert_eq!(handled, published as u64);
            break;
        }
        ledger.wait_for(generation * 100, generation * 100).await;
        let report = running.shutdown().await.remove(0);
        assert_eq!((report.failed, report.aborted), (0, 0));
        handled += report.handled;
        // What the consumer counts as settled was handled, no more.
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
        let settled = state.delivered - state.ack_pending;
        assert!(settled >= handled, "{state:?}, {handled} handled");
    }
    let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
    assert_eq!((state.pending, state.ack_pending), (0, 0), "all of them are settled");
}
