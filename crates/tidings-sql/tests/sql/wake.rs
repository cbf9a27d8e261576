//! Ways by which a relay learns that there is something to send.

use std::time::Duration;

#[cfg(feature = "sqlite")]
use sqlx::Sqlite;
#[cfg(feature = "postgres")]
use sqlx::{Executor as _, Postgres, query_scalar};
use tidings_sql::{Database, Outbox, OutboxThresholds};
use tidings_tests::eventually;

use crate::event::{Env, SOON, each_database, order};

/// Longer than any test.
const NEVER: Duration = Duration::from_hours(1);

each_database! {
    what_waits_too_long_is_in_the_health,
}

async fn commit<Db: Database>(outbox: &Outbox<Db>, number: i64) {
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &order(number)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn what_waits_too_long_is_in_the_health<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let empty = outbox.status().await.unwrap();
    assert!(empty.bytes > 0);
    commit(&outbox, 1).await;
    commit(&outbox, 2).await;
    let most = OutboxThresholds::new().max_pending(1).max_age(Duration::ZERO).max_parked(0);
    // The clock of SQLite has milliseconds.
    let status = eventually(SOON, "the first is a moment old", async || {
        let status = outbox.status().await.unwrap();
        status.oldest.is_some_and(|age| age > Duration::ZERO).then_some(status)
    })
    .await;
    let health = status.health(env.bus.health().await, &most);
    let reasons: Vec<String> = health.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert_eq!(reasons[0], "outbox: 2 events wait to be published, more than 1");
    assert!(reasons[1].starts_with("outbox: an event waits for "), "{reasons:?}");
    assert!(empty.health(env.bus.health().await, &most).ready);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_commit_wakes_a_relay_that_looks_never() {
    let env = Env::<Postgres>::postgres().await;
    let outbox = env.outbox().await;
    let relay = outbox.relay().poll_interval(NEVER).start();
    for number in 1..=5 {
        commit(&outbox, number).await;
        let stored = usize::try_from(number).unwrap();
        assert_eq!(env.stored(stored).await, (1..=number).collect::<Vec<_>>());
    }
    relay.shutdown().await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn what_is_committed_while_a_relay_has_lost_its_connection_is_sent_by_it() {
    let env = Env::<Postgres>::postgres().await;
    let outbox = env.outbox().await;
    let relay = outbox.relay().poll_interval(NEVER).start();
    commit(&outbox, 1).await;
    assert_eq!(env.stored(1).await, [1]);
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' \
        AND classid = 'tidings_outbox'::regclass::oid AND mode = 'ExclusiveLock'";
    assert!(query_scalar::<_, bool>(ended).fetch_one(&env.pool).await.unwrap());
    commit(&outbox, 2).await;
    assert_eq!(env.stored(2).await, [1, 2]);
    relay.shutdown().await;
}

/// Rows of which no notification tells, as if it were lost.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn what_nobody_told_is_found_by_a_slow_look_also_where_it_stands_before_what_was_sent() {
    let env = Env::<Postgres>::postgres().await;
    let outbox = env.outbox().await;
    commit(&outbox, 1).await;
    let hide = "UPDATE tidings_outbox SET parked_at = now(), reason = 'hidden'";
    env.pool.execute(hide).await.unwrap();
    let relay = outbox.relay().start();
    for number in 2..=4 {
        let mut tx = outbox.begin().await.unwrap();
        outbox.publish(&mut tx, &order(number)).key(number.to_string()).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(env.stored(3).await, [2, 3, 4]);
    eventually(SOON, "they are removed", async || outbox.status().await.unwrap().pending == 0)
        .await;
    env.pool.execute("UPDATE tidings_outbox SET parked_at = NULL, reason = NULL").await.unwrap();
    assert_eq!(env.stored(4).await, [2, 3, 4, 1]);
    relay.shutdown().await;
}

/// No commit of SQLite is heard in another program.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn what_another_program_commits_is_found() {
    let env = Env::<Sqlite>::sqlite().await;
    let relay = env.outbox().await.relay().start();
    let another = env.outbox().await;
    for number in 1..=3 {
        commit(&another, number).await;
        let stored = usize::try_from(number).unwrap();
        assert_eq!(env.stored(stored).await, (1..=number).collect::<Vec<_>>());
    }
    relay.shutdown().await;
}

/// A relay that looks never is woken by its own program.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_wake_spares_the_wait_for_the_next_look() {
    let env = Env::<Sqlite>::sqlite().await;
    let outbox = env.outbox().await;
    let relay = outbox.relay().poll_interval(NEVER).start();
    commit(&outbox, 1).await;
    outbox.wake();
    assert_eq!(env.stored(1).await, [1]);
    relay.shutdown().await;
}
