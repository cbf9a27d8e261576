//! Four relays, transactions that are held open, also with their places given, relays that end in the middle of their work: no event twice,
//! none missing, and the order of a key is that of its commits.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sqlx::{Executor as _, PgPool, Postgres, Row as _};
use tidings::prelude::*;
use tidings_sql::Outbox;
use tidings_tests::{Chance, eventually};
use tokio::task::JoinSet;

use crate::event::{Env, OrderCreated, Orders, SOON, order};

const WRITERS: u64 = 8;
/// Transactions of each writer in the suite; `TIDINGS_TRANSACTIONS` says another number of all together.
const TRANSACTIONS: u64 = 300;
const KEYS: u64 = 6;
const SEED: u64 = 20;

/// Writes transactions of one to five events of one to three keys; a few are held open for a second.
async fn write(outbox: Outbox<Postgres>, writer: u64, mut chance: Chance) {
    let mut number = i64::try_from(writer).unwrap() * 1_000_000;
    for _ in 0..transactions() {
        let mut tx = outbox.begin().await.unwrap();
        for _ in 0..=chance.below(4) {
            number += 1;
            let key = format!("key-{}", chance.below(KEYS));
            sqlx::query("INSERT INTO audit (key, number) VALUES ($1, $2)")
                .bind(&key)
                .bind(number)
                .execute(&mut *tx)
                .await
                .unwrap();
            outbox.publish(&mut tx, &order(number)).key(key).await.unwrap();
            if chance.below(4) == 0 {
                tokio::task::yield_now().await;
            }
        }
        // Given its place sooner than it is committed: others that are given theirs later are seen before.
        if chance.below(8) == 0 {
            tx.execute("SET CONSTRAINTS ALL IMMEDIATE").await.unwrap();
        }
        let held = if chance.below(100) == 0 { 1000 } else { chance.below(12) };
        tokio::time::sleep(Duration::from_millis(held)).await;
        if chance.below(10) == 0 {
            tx.rollback().await.unwrap();
        } else {
            tx.commit().await.unwrap();
        }
    }
}

/// Number of transactions of each writer.
fn transactions() -> u64 {
    std::env::var("TIDINGS_TRANSACTIONS")
        .map_or(TRANSACTIONS, |all| all.parse::<u64>().unwrap().div_ceil(WRITERS))
}

/// Numbers of each key, in the order of their commits as the database itself kept it.
async fn committed(pool: &PgPool) -> HashMap<String, Vec<i64>> {
    let rows =
        sqlx::query("SELECT key, number FROM audit ORDER BY pg_xact_commit_timestamp(xmin), id");
    let mut committed: HashMap<String, Vec<i64>> = HashMap::new();
    for row in rows.fetch_all(pool).await.unwrap() {
        committed.entry(row.get(0)).or_default().push(row.get(1));
    }
    committed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_relays_keep_the_order_of_commits_of_each_key() {
    let env = Env::<Postgres>::postgres_with("track_commit_timestamp = on").await;
    let Env { bus, pool, .. } = &env;
    let audit = "CREATE TABLE audit (id bigserial PRIMARY KEY, key text, number bigint)";
    sqlx::query(audit).execute(pool).await.unwrap();
    let outbox = env.outbox().await;

    let mut chance = Chance::new(SEED, WRITERS);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(outbox.clone(), writer, Chance::new(SEED, writer)));
    }
    // A relay that is aborted ends as one whose process is killed: half-way, without a word.
    let relay = |outbox: &Outbox<Postgres>| {
        let relay = outbox.relay().batch(50);
        tokio::spawn(relay.run_until(std::future::pending()))
    };
    let mut relays: Vec<_> = (0..4).map(|_| relay(&outbox)).collect();
    let mut ended = 0;
    while !writers.is_empty() {
        let pause = Duration::from_millis(20 + chance.below(200));
        if let Ok(Some(written)) = tokio::time::timeout(pause, writers.join_next()).await {
            written.unwrap();
        }
        let next = ended % 4;
        relays[next].abort();
        relays[next] = relay(&outbox);
        ended += 1;
    }
    eventually(SOON, "the outbox is empty", async || {
        (outbox.status().await.unwrap().pending == 0).then_some(())
    })
    .await;

    let committed = committed(pool).await;
    let key_of: BTreeMap<i64, &str> = committed
        .iter()
        .flat_map(|(key, numbers)| numbers.iter().map(move |number| (*number, key.as_str())))
        .collect();
    let mut stored: HashMap<&str, Vec<i64>> = HashMap::new();
    let mut history = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
    for _ in 0..bus.stream::<Orders>().state().await.unwrap().messages {
        let number = history.next().await.unwrap().unwrap().order;
        let key = key_of.get(&number).expect("only what was committed is stored");
        stored.entry(key).or_default().push(number);
    }
    for (key, numbers) in &committed {
        assert_eq!(
            stored.get(key.as_str()),
            Some(numbers),
            "{key}: {ended} relays ended, {chance:?}"
        );
    }
    println!(
        "{} transactions, {} events committed and stored in order, {ended} relays ended",
        transactions() * WRITERS,
        key_of.len(),
    );
    for relay in relays {
        relay.abort();
    }
}
