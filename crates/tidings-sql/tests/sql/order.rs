//! The order of commits.

#[cfg(feature = "postgres")]
use sqlx::Postgres;
use tidings::prelude::*;
use tidings_sql::Database;
use tidings_tests::eventually;

use crate::event::{Env, Orders, SOON, each_database, order};

each_database! {
    what_was_committed_is_published_in_order,
    what_was_rolled_back_is_not_published,
    an_id_is_fixed_as_its_event_is_written,
    many_of_one_key_are_stored_as_one_where_their_stream_allows_it,
    what_the_stream_has_already_is_not_stored_as_one_again,
}

/// Stores many as one.
#[derive(EventStream)]
#[stream(name = "LEDGER", subjects("ledger.>"), allow_atomic_publish)]
struct Ledger;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "ledger.written", stream = Ledger)]
struct EntryWritten {
    #[event(id)]
    entry: u64,
}

const ENTRIES: u64 = 2500;

/// Writes entries of one key, and gives them as they are stored, with the relay's duplicates.
async fn entries<Db: Database>(env: &Env<Db>) -> (Vec<u64>, u64) {
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    let entries = (1..=ENTRIES).map(|entry| EntryWritten { entry });
    outbox.publish_all(&mut tx, entries).await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().start();
    eventually(SOON, "all are sent", async || outbox.status().await.unwrap().pending == 0).await;
    let ended = relay.shutdown().await;
    assert_eq!(ended.published, ENTRIES);
    let mut ledger = env.bus.replay::<EntryWritten>(DeliverFrom::Beginning).await.unwrap();
    let (mut stored, mut as_one) = (Vec::new(), 0);
    for _ in 0..env.bus.stream::<Ledger>().state().await.unwrap().messages {
        let entry = ledger.next().await.unwrap().unwrap();
        as_one += usize::from(entry.headers().get("Nats-Batch-Id").is_some());
        stored.push(entry.entry);
    }
    // In the batch in which one was there already each goes by itself.
    assert!(as_one >= 1000, "{as_one} were stored as one");
    (stored, ended.duplicates)
}

async fn many_of_one_key_are_stored_as_one_where_their_stream_allows_it<Db: Database>(
    env: Env<Db>,
) {
    env.bus.provision::<Ledger>().await.unwrap();
    assert_eq!(entries(&env).await, ((1..=ENTRIES).collect(), 0));
}

async fn what_the_stream_has_already_is_not_stored_as_one_again<Db: Database>(env: Env<Db>) {
    env.bus.provision::<Ledger>().await.unwrap();
    // As a relay that has ended before it removed the row.
    env.bus.publish(&EntryWritten { entry: 1 }).await.unwrap();
    let (stored, duplicates) = entries(&env).await;
    assert_eq!((stored, duplicates), ((1..=ENTRIES).collect(), 1));
}

async fn what_was_committed_is_published_in_order<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let relay = outbox.relay().start();
    for batch in 0..20 {
        let mut tx = outbox.begin().await.unwrap();
        for n in 0..10 {
            outbox.publish(&mut tx, &order(batch * 10 + n)).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    assert_eq!(env.stored(200).await, (0..200).collect::<Vec<_>>());
    let ended = relay.shutdown().await;
    assert_eq!((ended.published, ended.duplicates, ended.parked), (200, 0, 0));
    let status = outbox.status().await.unwrap();
    assert_eq!((status.pending, status.parked, status.oldest), (0, 0, None));
}

/// An event that declares no id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.eu.noted", stream = Orders)]
struct OrderNoted {
    note: String,
}

async fn an_id_is_fixed_as_its_event_is_written<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let noted = || OrderNoted { note: "again".to_owned() };
    let mut tx = outbox.begin().await.unwrap();
    let mut ids = vec![outbox.publish(&mut tx, &noted()).await.unwrap().message_id];
    let many = outbox.publish_all(&mut tx, [noted(), noted()]).await.unwrap();
    ids.extend(many.into_iter().map(|written| written.message_id));
    tx.commit().await.unwrap();
    // Each call writes an event of its own.
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    let relay = outbox.relay().start();
    let mut stored = env.bus.replay::<OrderNoted>(DeliverFrom::Beginning).await.unwrap();
    for id in &ids {
        assert_eq!(stored.next().await.unwrap().unwrap().message_id(), Some(id.as_str()));
    }
    relay.shutdown().await;
}

async fn what_was_rolled_back_is_not_published<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let relay = outbox.relay().start();
    for n in 0..10 {
        let mut tx = outbox.begin().await.unwrap();
        outbox.publish_all(&mut tx, [order(2 * n), order(2 * n + 1)]).await.unwrap();
        if n % 2 == 0 { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
    }
    assert_eq!(env.stored(10).await, [0, 1, 4, 5, 8, 9, 12, 13, 16, 17]);
    assert_eq!(relay.shutdown().await.published, 10);
    assert_eq!(env.bus.stream::<Orders>().state().await.unwrap().messages, 10);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_transaction_that_is_held_open_holds_nobody() {
    let env = Env::<Postgres>::postgres().await;
    let outbox = env.outbox().await;
    let relay = outbox.relay().start();
    let mut first = outbox.begin().await.unwrap();
    outbox.publish(&mut first, &order(1)).await.unwrap();
    // Of the same key, written later and committed sooner.
    let mut second = outbox.begin().await.unwrap();
    outbox.publish_all(&mut second, [order(2), order(3)]).await.unwrap();
    second.commit().await.unwrap();
    assert_eq!(env.stored(2).await, [2, 3]);
    first.commit().await.unwrap();
    assert_eq!(env.stored(3).await, [2, 3, 1]);
    relay.shutdown().await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn commits_while_no_relay_runs_are_published_in_their_order() {
    let env = Env::<Postgres>::postgres().await;
    let outbox = env.outbox().await;
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
    assert_eq!(env.stored(10).await, (0..10).rev().collect::<Vec<_>>());
    relay.shutdown().await;
}
