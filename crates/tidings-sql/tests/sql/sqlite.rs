//! SQLite: in memory, and in a file.

use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use tidings::prelude::*;
use tidings_sql::Outbox;

use crate::event::{OrderCreated, Orders, order};

async fn in_memory() -> (Bus, SqlitePool) {
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    (bus, pool)
}

#[tokio::test]
async fn what_was_committed_is_published_in_order() {
    let (bus, pool) = in_memory().await;
    let outbox = Outbox::open(&bus, &pool).await.unwrap();
    let relay = outbox.relay().start();
    for batch in 0..20 {
        let mut tx = outbox.begin().await.unwrap();
        for n in 0..10 {
            outbox.publish(&mut tx, &order(batch * 10 + n)).await.unwrap();
        }
        if batch % 2 == 0 { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
    }
    let mut orders = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
    for batch in (0..20).step_by(2) {
        for n in 0..10 {
            assert_eq!(orders.next().await.unwrap().unwrap().order, batch * 10 + n);
        }
    }
    let ended = relay.shutdown().await;
    assert_eq!((ended.published, ended.duplicates, ended.parked), (100, 0, 0));
    assert_eq!(bus.stream::<Orders>().state().await.unwrap().messages, 100);
    let status = outbox.status().await.unwrap();
    assert_eq!((status.pending, status.parked, status.oldest), (0, 0, None));
}
