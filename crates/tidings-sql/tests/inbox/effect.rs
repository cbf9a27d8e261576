//! Effects of messages: one of each, whatever becomes of its handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidings::prelude::*;
use tidings_sql::Once;
use tidings_tests::eventually;

use crate::event::OrderPlaced;
use crate::in_each_database;
use crate::stage::{SOON, Stage, TestDatabase};

in_each_database!(
    what_was_committed_is_not_done_again,
    what_was_not_committed_is_done_again,
    two_services_have_each_their_effect,
);

/// A handler that fails after it has committed.
async fn what_was_committed_is_not_done_again<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let (inbox, runs) = (stage.inbox().await, Arc::new(AtomicU64::new(0)));
    let handler = {
        let runs = Arc::clone(&runs);
        move |order: OrderPlaced, cx: Context| {
            let (inbox, runs) = (inbox.clone(), Arc::clone(&runs));
            async move {
                runs.fetch_add(1, Ordering::Relaxed);
                let mut tx = inbox.begin().await?;
                if inbox.once(&mut tx, &cx).await?.is_first() {
                    DB::write(&mut tx, order.number).await?;
                    tx.commit().await?;
                    return Err(Failure::retry("its ack is lost"));
                }
                Ok(())
            }
        }
    };
    let route = Route::of::<OrderPlaced>(handler).retry(Retry::fixed(Duration::from_millis(10)));
    let running = Registry::new("shop").route(route).start(&stage.bus).await.unwrap();
    for number in 0..20 {
        stage.bus.publish(&OrderPlaced { number }).await.unwrap();
    }
    eventually(SOON, "all are handled", || async { running.report()[0].handled == 20 }).await;
    stage.wrote(&(0..20).collect::<Vec<_>>()).await;
    assert_eq!((runs.load(Ordering::Relaxed), DB::records(&stage.pool).await), (40, 20));
    running.shutdown().await;
}

/// A handler that panics or fails before it commits: what was recorded is not there.
async fn what_was_not_committed_is_done_again<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let inbox = stage.inbox().await;
    let handler = move |order: OrderPlaced, cx: Context| {
        let inbox = inbox.clone();
        async move {
            let mut tx = inbox.begin().await?;
            if inbox.once(&mut tx, &cx).await? == Once::First {
                DB::write(&mut tx, order.number).await?;
                assert!(cx.attempt() != 1, "it panics before the commit");
                if cx.attempt() < 3 {
                    return Err(Failure::retry("it ends before the commit"));
                }
                tx.commit().await?;
            }
            Ok(())
        }
    };
    let route = Route::of::<OrderPlaced>(handler).retry(Retry::fixed(Duration::from_millis(10)));
    let running = Registry::new("shop").route(route).start(&stage.bus).await.unwrap();
    for number in 0..10 {
        stage.bus.publish(&OrderPlaced { number }).await.unwrap();
    }
    eventually(SOON, "all are handled", || async { running.report()[0].handled == 10 }).await;
    stage.wrote(&(0..10).collect::<Vec<_>>()).await;
    assert_eq!(DB::records(&stage.pool).await, 10);
    running.shutdown().await;
}

async fn two_services_have_each_their_effect<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let mut services = Vec::new();
    for name in ["billing", "shipping"] {
        let inbox = stage.inbox().await;
        let handler = move |order: OrderPlaced, cx: Context| {
            let inbox = inbox.clone();
            async move {
                let mut tx = inbox.begin().await?;
                if inbox.once(&mut tx, &cx).await?.is_first() {
                    DB::write(&mut tx, order.number).await?;
                    tx.commit().await?;
                }
                Ok(())
            }
        };
        let registry = Registry::new(name).handle::<OrderPlaced>(handler);
        services.push(registry.start(&stage.bus).await.unwrap());
    }
    stage.bus.publish(&OrderPlaced { number: 7 }).await.unwrap();
    stage.wrote(&[7, 7]).await;
    for running in services {
        running.shutdown().await;
    }
}
