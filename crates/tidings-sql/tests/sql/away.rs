//! A relay whose database or server is away: it goes on once that is back, and ends soon where it is not.

use std::time::{Duration, Instant};

#[cfg(feature = "postgres")]
use sqlx::postgres::PgPoolOptions;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqlitePoolOptions;
use tidings::prelude::*;
use tidings_sql::Outbox;
use tidings_tests::eventually;

use crate::event::{OrderCreated, Orders, SOON, order};

/// Time in which a relay ends that waits for nothing.
const AT_ONCE: Duration = Duration::from_secs(10);

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_database_was_read_for_when_it_was_killed_is_sent_once_and_in_order() {
    const ORDERS: i64 = 6000;
    let mut postgres = tidings_tests::Postgres::start().await;
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let pool = PgPoolOptions::new().connect(&postgres.url()).await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let outbox = Outbox::open(&bus, &pool).await.unwrap();
    let mut tx = outbox.begin().await.unwrap();
    let orders = (1..=ORDERS).map(|n| OrderCreated { note: "x".repeat(2000), ..order(n) });
    outbox.publish_all_by(&mut tx, orders, |order| (order.order % 50).to_string()).await.unwrap();
    tx.commit().await.unwrap();
    // Few at a time, so that it is always at a read.
    let relay = outbox.relay().batch(64).start();
    for share in 1..=3 {
        eventually(SOON, "some are published", async || {
            let status = relay.status();
            (status.published >= share * 1000).then_some(()).ok_or(status)
        })
        .await;
        postgres.kill();
        eventually(SOON, "it misses its database", async || relay.status().error.is_some()).await;
        postgres.restart().await;
    }
    eventually(SOON, "all are published", async || {
        outbox.status().await.is_ok_and(|status| status.pending == 0)
    })
    .await;
    relay.shutdown().await;
    assert_eq!(bus.stream::<Orders>().state().await.unwrap().messages, ORDERS.unsigned_abs());
    let mut stored = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
    let mut last = [0; 50];
    for _ in 0..ORDERS {
        let number = stored.next().await.unwrap().unwrap().order;
        let last = &mut last[usize::try_from(number % 50).unwrap()];
        assert!(number > *last, "{number} comes behind {last}");
        *last = number;
    }
}

/// Also where there is nothing to be published.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_relay_whose_database_is_back_says_nothing_of_it_any_more() {
    let mut postgres = tidings_tests::Postgres::start().await;
    let bus = Bus::in_memory();
    let pool = PgPoolOptions::new().connect(&postgres.url()).await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let relay = Outbox::open(&bus, &pool).await.unwrap().relay().start();
    postgres.kill();
    eventually(SOON, "it misses its database", async || relay.status().error.is_some()).await;
    assert!(!relay.health(bus.health().await).ready);
    postgres.restart().await;
    eventually(SOON, "it has it again", async || relay.status().error.is_none()).await;
    assert!(relay.health(bus.health().await).ready);
    relay.shutdown().await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_relay_whose_database_is_away_ends_soon() {
    let mut postgres = tidings_tests::Postgres::start().await;
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let pool = PgPoolOptions::new().connect(&postgres.url()).await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let outbox = Outbox::open(&bus, &pool).await.unwrap();
    let relay = outbox.relay().start();
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &order(1)).await.unwrap();
    tx.commit().await.unwrap();
    eventually(SOON, "it is at work", async || outbox.status().await.unwrap().pending == 0).await;
    postgres.kill();
    let begun = Instant::now();
    assert_eq!(relay.shutdown().await.published, 1);
    assert!(begun.elapsed() < AT_ONCE, "it took {:?}", begun.elapsed());
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_relay_whose_server_is_away_ends_soon_and_another_one_goes_on() {
    let mut server = tidings_tests::Server::start().await;
    let bus = Bus::builder()
        .server(server.url())
        .publish_timeout(Duration::from_secs(2))
        .connect()
        .await
        .unwrap();
    bus.provision::<Orders>().await.unwrap();
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let outbox = Outbox::open(&bus, &pool).await.unwrap();
    server.kill();
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish_all(&mut tx, [order(1), order(2)]).await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().start();
    eventually(SOON, "it misses its server", async || relay.status().error.is_some()).await;
    let begun = Instant::now();
    let ended = relay.shutdown().await;
    assert!(begun.elapsed() < AT_ONCE, "it took {:?}", begun.elapsed());
    assert_eq!((ended.published, ended.parked, ended.running), (0, 0, false));

    server.restart().await;
    let relay = outbox.relay().start();
    eventually(SOON, "both are published", async || outbox.status().await.unwrap().pending == 0)
        .await;
    relay.shutdown().await;
    let mut stored = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
    for number in [1, 2] {
        assert_eq!(stored.next().await.unwrap().unwrap().order, number);
    }
    assert_eq!(bus.stream::<Orders>().state().await.unwrap().messages, 2);
}

/// The one connection is in other hands for ever.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_relay_that_gets_no_answer_of_its_database_ends_all_the_same() {
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let options = SqlitePoolOptions::new().max_connections(1).acquire_timeout(24 * 60 * SOON);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let outbox = Outbox::open(&bus, &pool).await.unwrap();
    let _held = pool.acquire().await.unwrap();
    let relay = outbox.relay().start();
    // It has begun to ask, and nothing else runs here.
    tokio::task::yield_now().await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    relay.shutdown().await;
    let took = begun.elapsed();
    assert!((SOON..2 * SOON).contains(&took), "it took {took:?}");
}
