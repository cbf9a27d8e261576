//! Peculiarities of SQLite: one writer at a time, and databases in memory.

use sqlx::Sqlite;
use sqlx::sqlite::SqlitePoolOptions;
use tidings::prelude::*;
use tidings_sql::Outbox;

use crate::event::{Env, OrderCreated, Orders, order};

#[tokio::test]
async fn a_database_in_memory_needs_nothing() {
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let outbox = Outbox::open(&bus, &pool).await.unwrap();
    let relay = outbox.relay().start();
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &order(7)).await.unwrap();
    tx.commit().await.unwrap();
    let mut orders = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
    assert_eq!(orders.next().await.unwrap().unwrap().order, 7);
    relay.shutdown().await;
}

/// Transactions that read before they write: begun as they usually are, most would be refused as busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_beside_each_other_and_two_relays_lose_nothing() {
    let env = Env::<Sqlite>::sqlite().await;
    let outbox = env.outbox().await;
    let relays = [outbox.relay().start(), outbox.relay().batch(7).start()];
    let writers: Vec<_> = (0..8_i64)
        .map(|writer| {
            let outbox = outbox.clone();
            tokio::spawn(async move {
                for n in 0..25 {
                    let mut tx = outbox.begin().await.unwrap();
                    let seen = sqlx::query("SELECT count(*) FROM tidings_outbox");
                    seen.fetch_one(&mut *tx).await.unwrap();
                    tokio::task::yield_now().await;
                    let order = order(writer * 100 + n);
                    outbox.publish(&mut tx, &order).key(writer.to_string()).await.unwrap();
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let stored = env.stored(200).await;
    for writer in 0..8 {
        let own: Vec<i64> = stored.iter().copied().filter(|order| order / 100 == writer).collect();
        assert_eq!(own, (0..25).map(|n| writer * 100 + n).collect::<Vec<_>>());
    }
    for relay in relays {
        relay.shutdown().await;
    }
    assert_eq!(env.bus.stream::<Orders>().state().await.unwrap().messages, 200);
}
