//! Two deliveries of one message at the same time.

use std::time::Duration;

use sqlx::{Pool, Postgres, Sqlite, query};
use tidings_sql::{InboxError, Once};
use tidings_tests::eventually;
use tokio::time::timeout;

use crate::in_each_database;
use crate::stage::{SOON, Stage, TestDatabase};

in_each_database!(the_second_sees_a_commit, the_second_takes_over_after_a_rollback);

async fn the_second_sees_a_commit<DB: TestDatabase>() {
    assert_eq!(second_after::<DB>(true).await, Once::Before);
}

async fn the_second_takes_over_after_a_rollback<DB: TestDatabase>() {
    assert_eq!(second_after::<DB>(false).await, Once::First);
}

/// Answer to the second delivery, which waits for what becomes of the first.
async fn second_after<DB: TestDatabase>(commits: bool) -> Once {
    let stage = Stage::<DB>::new().await;
    let (inbox, cx) = (stage.inbox().await, stage.delivered("shop", 1).await);
    let mut first = inbox.begin().await.unwrap();
    assert_eq!(inbox.once(&mut first, &cx).await.unwrap(), Once::First);
    let mut second = tokio::spawn(async move {
        let mut tx = inbox.begin().await?;
        let once = inbox.once(&mut tx, &cx).await?;
        tx.commit().await.map_err(InboxError::Database)?;
        Ok::<_, InboxError>(once)
    });
    let early = timeout(Duration::from_millis(200), &mut second).await;
    assert!(early.is_err(), "the second does not wait: {early:?}");
    if commits {
        first.commit().await.unwrap();
    } else {
        first.rollback().await.unwrap();
    }
    timeout(SOON, second).await.unwrap().unwrap().unwrap()
}

/// A transaction that has read before another wrote can't write any more: it is told so, and done again.
#[tokio::test]
async fn an_upgrade_that_sqlite_refuses_is_an_error_of_its_own() {
    let stage = Stage::<Sqlite>::new().await;
    let (inbox, cx) = (stage.inbox().await, stage.delivered("shop", 1).await);
    // As a user who does not know of `Inbox::begin`.
    let mut tx = stage.pool.begin().await.unwrap();
    query("SELECT count(*) FROM effects").fetch_one(&mut *tx).await.unwrap();
    let mut other = inbox.begin().await.unwrap();
    Sqlite::write(&mut other, 2).await.unwrap();
    other.commit().await.unwrap();
    let refused = inbox.once(&mut tx, &cx).await.unwrap_err();
    assert!(matches!(refused, InboxError::Busy(_)), "{refused:?}");
    assert!(refused.to_string().contains("Inbox::begin"), "{refused}");
    drop(tx);
    let mut again = inbox.begin().await.unwrap();
    assert_eq!(inbox.once(&mut again, &cx).await.unwrap(), Once::First);
}

/// Second of two transactions in a stricter isolation level, which is told to begin again.
#[tokio::test]
async fn a_conflict_of_isolation_is_an_error_of_its_own() {
    let stage = Stage::<Postgres>::new().await;
    let (inbox, cx) = (stage.inbox().await, stage.delivered("shop", 1).await);
    let strict = || stage.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ");
    let mut first = strict().await.unwrap();
    let mut second = strict().await.unwrap();
    query("SELECT 1").execute(&mut *second).await.unwrap();
    assert_eq!(inbox.once(&mut first, &cx).await.unwrap(), Once::First);
    let told = async { inbox.once(&mut second, &cx).await.unwrap_err() };
    let committed = async {
        waits(&stage.pool).await;
        first.commit().await.unwrap();
    };
    let (told, ()) = tokio::join!(told, committed);
    assert!(matches!(told, InboxError::Conflict(_)), "{told:?}");
}

/// Waits until a transaction waits for another.
async fn waits(pool: &Pool<Postgres>) {
    let blocked = "SELECT 1 FROM pg_locks WHERE NOT granted";
    eventually(SOON, "one waits", || async {
        query(blocked).fetch_optional(pool).await.unwrap().is_some()
    })
    .await;
}
