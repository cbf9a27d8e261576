//! Promise 6: a server goes away and comes back under what stands on it.

use std::collections::HashSet;
use std::ops::Range;

use tidings::RequestError;
use tidings::prelude::*;
use tidings_tests::eventually;

use crate::support::env::{BY_AND_BY, Env, SHORT, SOON, next, within};
use crate::support::handler_log::HandlerLog;
use crate::support::message::{Check, OutOfStock, Parcels, Sent, Stock, Switched, sent, switched};

scenarios! {
    with_restart:
        ten_thousand_messages_over_two_restarts,
        what_listens_listens_again;
}

/// The server ends in good order at a third and is killed at a half: every message is stored
/// once, and handled. What comes twice is, at the restart, what was being handled or whose ack was on
/// its way, and at the crash what the server had not written yet of the acks before it.
async fn ten_thousand_messages_over_two_restarts(mut env: Env) {
    const ALL: usize = 10_000;
    const CONCURRENCY: usize = 16;
    const UNSETTLED: usize = 256;
    let (bus, log) = (env.bus_with::<Parcels>().await, HandlerLog::default());
    let route = Route::of::<Sent>(log.handler("one"))
        .concurrency(CONCURRENCY)
        .max_ack_pending(UNSETTLED as u64)
        .ack_wait(SHORT * 10);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let publishing = tokio::spawn({
        let (bus, log) = (env.another_bus().await, log.clone());
        async move {
            for first in (0..ALL).step_by(500) {
                // Not far ahead, so that the restarts are in the middle of this too.
                log.wait_for(first.saturating_sub(1000), 0).await;
                let events = (first as u64..).take(500).map(sent);
                assert_eq!(bus.publish_all(events).await.unwrap().len(), 500);
            }
        }
    });
    log.wait_for(ALL / 3, 0).await;
    assert!(!publishing.is_finished(), "the restart is in the middle of it");
    // Acks come in the order of the messages, but for what is handled at the same time.
    let before = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
    let acked = (before.delivered - before.ack_pending).saturating_sub(2 * CONCURRENCY as u64);
    assert!(acked > 1000, "the server has most acks: {before:?}");
    env.restart().await;
    log.wait_for(ALL / 2, 0).await;
    assert!(!publishing.is_finished(), "and so is the crash");
    let twice =
        |numbers: Range<u64>| log.entries().range(numbers).filter(|(_, by)| by.len() > 1).count();
    assert_eq!(twice(0..acked), 0, "of {acked} that were acked before the restart");
    let others = twice(acked..ALL as u64);
    assert!(others <= UNSETTLED, "{others} were handled again, and fewer can be unsettled");
    env.crash().await;
    within(BY_AND_BY, publishing).await.unwrap();
    log.wait_for(ALL, ALL).await;

    let state = bus.stream::<Parcels>().state().await.unwrap();
    assert_eq!((state.messages, state.last_sequence), (ALL as u64, ALL as u64), "each once");
    let mut stored = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    let mut numbers = HashSet::new();
    for _ in 0..ALL {
        assert!(numbers.insert(next(&mut stored).await.number));
    }
    eventually(SOON, "all to be settled", || async {
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
        state.ack_pending + state.pending == 0
    })
    .await;
    running.shutdown().await;
    let entries = log.entries();
    assert_eq!(entries.len(), ALL);
    // These were published when all was over.
    let later = entries.range(ALL as u64 * 3 / 4..);
    assert!(later.into_iter().all(|(_, by)| by.len() == 1), "each of the last quarter once");
}

async fn what_listens_listens_again(mut env: Env) {
    let (bus, other) = (env.bus(), env.another_bus().await);
    let check = |ask: Check, _: Context| async move {
        if ask.quantity > 3 { Err(OutOfStock { available: 3 }) } else { Ok(Stock { available: 3 }) }
    };
    let _running = Registry::new("warehouse").handle::<Check>(check).start(&bus).await.unwrap();
    let mut live = bus.subscribe::<Switched>().await.unwrap();
    other.publish(&switched(1)).await.unwrap();
    assert_eq!(next(&mut live).await.number, 1);
    env.crash().await;
    // The first answer says that both sides are back.
    let stock = eventually(SOON, "the service to answer again", || async {
        other.request(&Check { quantity: 1 }).await
    })
    .await;
    assert_eq!(stock, Stock { available: 3 });
    let declared = other.request(&Check { quantity: 4 }).await;
    assert!(matches!(declared, Err(RequestError::Declared(OutOfStock { .. }))), "{declared:?}");
    other.publish(&switched(2)).await.unwrap();
    assert_eq!(next(&mut live).await.number, 2);
    let found = eventually(SOON, "to be discovered again", || async {
        other.discover(SHORT).await.ok().filter(|found| found.len() == 1)
    })
    .await;
    assert_eq!(found[0].name, "warehouse");
}
