//! Publishing once, however often it is tried, and beyond the time for which a stream knows an id.

use std::time::Duration;

use sqlx::{Executor, Pool};
use tidings::StreamEvent;
use tidings::prelude::*;
use tidings_sql::Database;
use tidings_tests::eventually;

use crate::event::{Env, Orders, SOON, each_database, order};

each_database! {
    what_was_sent_and_not_removed_is_not_sent_twice,
    what_the_stream_has_forgotten_is_looked_for,
    what_was_written_before_the_clock_stepped_back_is_looked_for,
    what_a_work_queue_still_has_is_looked_for,
    what_was_sent_is_kept_and_removed_where_asked,
}

async fn what_was_sent_and_not_removed_is_not_sent_twice<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish_all(&mut tx, [order(1), order(2)]).await.unwrap();
    tx.commit().await.unwrap();
    // As a relay that ends before it has removed the row.
    env.bus.publish(&order(1)).await.unwrap();
    let relay = outbox.relay().start();
    assert_eq!(env.stored(2).await, [1, 2]);
    let ended = relay.shutdown().await;
    assert_eq!((ended.published, ended.duplicates), (2, 1));
}

/// A stream that knows ids for a second only.
#[derive(EventStream)]
#[stream(name = "TOLLS", subjects("tolls.>"), duplicate_window = "1s")]
struct Tolls;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "tolls.paid", stream = Tolls)]
struct TollPaid {
    #[event(id)]
    toll: u64,
}

/// Resolves once a stream has forgotten the ids of what was published before this event, which it has twice then: it
/// forgets ids in the order in which it learned them.
async fn forgotten<E: StreamEvent>(bus: &Bus, event: &E) {
    assert!(!bus.publish(event).await.unwrap().duplicate);
    eventually(SOON, "the ids are forgotten", async || {
        !bus.publish(event).await.unwrap().duplicate
    })
    .await;
}

async fn what_the_stream_has_forgotten_is_looked_for<Db: Database>(env: Env<Db>) {
    env.bus.provision::<Tolls>().await.unwrap();
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    let paid = (1..=3).map(|toll| TollPaid { toll });
    outbox.publish_all(&mut tx, paid).await.unwrap();
    tx.commit().await.unwrap();
    env.bus.publish(&TollPaid { toll: 1 }).await.unwrap();
    env.bus.publish(&TollPaid { toll: 2 }).await.unwrap();
    forgotten(&env.bus, &TollPaid { toll: 9 }).await;
    let relay = outbox.relay().start();
    let mut tolls = env.bus.replay::<TollPaid>(DeliverFrom::Beginning).await.unwrap();
    for toll in [1, 2, 9, 9, 3] {
        assert_eq!(tolls.next().await.unwrap().unwrap().toll, toll);
    }
    relay.shutdown().await;
    assert_eq!(outbox.status().await.unwrap().pending, 0);
    assert_eq!(env.bus.stream::<Tolls>().state().await.unwrap().messages, 5);
}

async fn what_was_written_before_the_clock_stepped_back_is_looked_for<Db>(env: Env<Db>)
where
    Db: Database,
    for<'p> &'p Pool<Db>: Executor<'p, Database = Db>,
{
    env.bus.provision::<Tolls>().await.unwrap();
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish_all(&mut tx, [1, 2].map(|toll| TollPaid { toll })).await.unwrap();
    tx.commit().await.unwrap();
    env.bus.publish(&TollPaid { toll: 1 }).await.unwrap();
    forgotten(&env.bus, &TollPaid { toll: 9 }).await;
    // They seem to be written in an hour.
    let later = if Db::NAME == "SQLite" { "3600000" } else { "interval '1 hour'" };
    let later = format!("UPDATE tidings_outbox SET created_at = created_at + {later}");
    env.pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(later))).await.unwrap();
    let relay = outbox.relay().start();
    eventually(SOON, "all are sent", async || outbox.status().await.unwrap().pending == 0).await;
    relay.shutdown().await;
    let mut tolls = env.bus.replay::<TollPaid>(DeliverFrom::Beginning).await.unwrap();
    for toll in [1, 9, 9, 2] {
        assert_eq!(tolls.next().await.unwrap().unwrap().toll, toll);
    }
    assert_eq!(env.bus.stream::<Tolls>().state().await.unwrap().messages, 4);
}

async fn what_was_sent_is_kept_and_removed_where_asked<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish_all(&mut tx, (1..=2500).map(order)).key("one").await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().keep_sent().batch(100).start();
    assert_eq!(env.stored(2500).await, (1..=2500).collect::<Vec<_>>());
    relay.shutdown().await;
    assert_eq!(outbox.status().await.unwrap().pending, 0);
    assert_eq!(outbox.purge_sent(Duration::from_hours(1)).await.unwrap(), 0);
    assert_eq!(outbox.purge_sent(Duration::ZERO).await.unwrap(), 2500);
    assert_eq!(env.bus.stream::<Orders>().state().await.unwrap().messages, 2500);
}

/// A stream without what is acknowledged, which knows ids for a second only.
#[derive(EventStream)]
#[stream(name = "JOBS", subjects("jobs.>"), retention = "work_queue", duplicate_window = "1s")]
struct Jobs;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "jobs.added", stream = Jobs)]
struct JobAdded {
    #[event(id)]
    job: u64,
}

async fn what_a_work_queue_still_has_is_looked_for<Db: Database>(env: Env<Db>) {
    env.bus.provision::<Jobs>().await.unwrap();
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish_all(&mut tx, [1, 2].map(|job| JobAdded { job })).await.unwrap();
    tx.commit().await.unwrap();
    env.bus.publish(&JobAdded { job: 1 }).await.unwrap();
    forgotten(&env.bus, &JobAdded { job: 9 }).await;
    let relay = outbox.relay().start();
    eventually(SOON, "all are sent", async || outbox.status().await.unwrap().pending == 0).await;
    relay.shutdown().await;
    // Nothing was taken out of it before.
    let mut jobs = env.bus.consume::<JobAdded>("worker").await.unwrap();
    for job in [1, 9, 9, 2] {
        let delivery = jobs.next().await.unwrap().unwrap();
        assert_eq!(delivery.job, job);
        delivery.ack().await.unwrap();
    }
    assert_eq!(env.bus.stream::<Jobs>().state().await.unwrap().last_sequence, 4);
}
