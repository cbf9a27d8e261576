//! The bus and the database in memory: a test of a user's needs nothing else.

use std::time::Duration;

use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Sqlite, query_scalar};
use tidings::prelude::*;
use tidings_sql::{Inbox, Outbox, OutboxContext as _};
use tidings_tests::eventually;

use crate::event::{OrderBilled, OrderPlaced, Orders};
use crate::stage::{SOON, TestDatabase};

/// A database in memory with one connection for all, or with several that share it and are in each other's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consume_write_and_publish_are_one_step_in_memory() {
    for connections in [1, 4] {
        orders_are_billed_once(connections).await;
    }
}

async fn orders_are_billed_once(connections: u32) {
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let pool = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    Sqlite::prepare(&pool).await;
    let (outbox, inbox) =
        (Outbox::open(&bus, &pool).await.unwrap(), Inbox::open(&pool).await.unwrap());
    let relay = outbox.relay().start();
    let handler = move |order: OrderPlaced, cx: Context| {
        let inbox = inbox.clone();
        async move {
            let mut tx = inbox.begin().await?;
            if inbox.once(&mut tx, &cx).await?.is_first() {
                Sqlite::write(&mut tx, order.number).await?;
                cx.outbox(&mut tx).publish(&OrderBilled { number: order.number }).await?;
                tx.commit().await?;
                return Err(Failure::retry("its ack is lost"));
            }
            Ok(())
        }
    };
    let retry = Retry::fixed(Duration::from_millis(5)).max_attempts(1000);
    let route = Route::of::<OrderPlaced>(handler).retry(retry).concurrency(8);
    let running = Registry::new("billing").route(route).start(&bus).await.unwrap();
    for number in 0..50 {
        let mut tx = outbox.begin().await.unwrap();
        outbox.publish(&mut tx, &OrderPlaced { number }).await.unwrap();
        tx.commit().await.unwrap();
    }
    eventually(SOON, "all are handled", || async { running.report()[0].handled == 50 }).await;
    eventually(SOON, "all are followed up", || async {
        let messages = bus.stream::<Orders>().state().await.unwrap().messages;
        if messages == 100 { Ok(()) } else { Err(messages) }
    })
    .await;
    let effects: i64 = query_scalar("SELECT count(*) FROM effects").fetch_one(&pool).await.unwrap();
    assert_eq!(effects, 50);
    running.shutdown().await;
    relay.shutdown().await;
}
