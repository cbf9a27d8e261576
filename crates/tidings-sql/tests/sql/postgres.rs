//! PostgreSQL, with a server of each test's own.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tidings::prelude::*;
use tidings_sql::Outbox;
use tidings_tests::{Postgres, Server};

use crate::event::{OrderCreated, Orders, order};

struct Env {
    _postgres: Postgres,
    _server: Server,
    bus: Bus,
    pool: PgPool,
}

async fn env() -> Env {
    let (postgres, server) = (Postgres::start().await, Server::start().await);
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Orders>().await.unwrap();
    let pool = PgPoolOptions::new().max_connections(20).connect(&postgres.url()).await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    Env { _postgres: postgres, _server: server, bus, pool }
}

/// Orders in the order in which the stream has them.
async fn stored(bus: &Bus, count: usize) -> Vec<i64> {
    let mut replay = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
    let mut orders = Vec::new();
    for _ in 0..count {
        let next = tokio::time::timeout(Duration::from_secs(30), replay.next());
        orders.push(next.await.expect("it is stored in time").unwrap().unwrap().order);
    }
    orders
}

#[tokio::test]
async fn what_was_committed_is_published_in_the_order_of_commits() {
    let Env { bus, pool, .. } = &env().await;
    let outbox = Outbox::open(bus, pool).await.unwrap();
    let relay = outbox.relay().start();
    let mut first = outbox.begin().await.unwrap();
    outbox.publish(&mut first, &order(1)).await.unwrap();
    // Its row is behind that of one that commits later.
    let mut second = outbox.begin().await.unwrap();
    outbox.publish_all(&mut second, [order(2), order(3)]).await.unwrap();
    let mut third = outbox.begin().await.unwrap();
    outbox.publish(&mut third, &order(4)).await.unwrap();
    third.rollback().await.unwrap();
    second.commit().await.unwrap();
    assert_eq!(stored(bus, 2).await, [2, 3]);
    first.commit().await.unwrap();
    assert_eq!(stored(bus, 3).await, [2, 3, 1]);
    let ended = relay.shutdown().await;
    assert_eq!((ended.published, ended.duplicates, ended.parked), (3, 0, 0));
    let status = outbox.status().await.unwrap();
    assert_eq!((status.pending, status.parked, status.oldest), (0, 0, None));
}

#[tokio::test]
async fn commits_while_no_relay_runs_are_published_in_their_order() {
    let Env { bus, pool, .. } = &env().await;
    let outbox = Outbox::open(bus, pool).await.unwrap();
    let mut open = Vec::new();
    for n in 0..10 {
        let mut tx = outbox.begin().await.unwrap();
        outbox.publish(&mut tx, &order(n)).await.unwrap();
        open.push(tx);
    }
    for tx in open.into_iter().rev() {
        tx.commit().await.unwrap();
    }
    assert_eq!(outbox.status().await.unwrap().pending, 10);
    let relay = outbox.relay().batch(3).start();
    assert_eq!(stored(bus, 10).await, (0..10).rev().collect::<Vec<_>>());
    relay.shutdown().await;
}
