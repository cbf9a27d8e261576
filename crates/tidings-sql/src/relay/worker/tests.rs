#![allow(clippy::unwrap_used, reason = "tests")]

use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Executor as _, Sqlite};
use tidings::Bus;

use super::*;

const ALL: Share = Share { place: 0, relays: 1 };

/// A worker on rows of these keys.
async fn worker(keys: &[&str]) -> (Worker<Sqlite>, SessionOf<Sqlite>) {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
    let pool = pool.unwrap();
    crate::migrate(&pool).await.unwrap();
    for key in keys {
        let insert = "INSERT INTO tidings_outbox (slot, key, stream, subject, message_id, headers, payload) \
            VALUES (1, ?, 'S', 's', 'i', '[]', '')";
        pool.execute(sqlx::query(insert).bind(*key)).await.unwrap();
    }
    let outbox = Outbox::open(&Bus::in_memory(), &pool).await.unwrap();
    let options = outbox.relay().options;
    let session = <Sqlite as crate::database::Sealed>::Backend::session(&pool).await.unwrap();
    (Worker::new(outbox, options, State::new(), CancellationToken::new()), session)
}

#[tokio::test]
async fn behind_what_was_read_no_key_comes_whose_first_event_was_refused() {
    let (mut worker, mut session) = worker(&["refused", "other", "refused", "other"]).await;
    let mut read = async |worker: &Worker<Sqlite>, after| {
        let rows = worker.read(&mut session, ALL, after).await.unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(read(&worker, Cursor::START).await, [1, 2, 3, 4]);
    worker.holds.refused("refused", 1);
    assert_eq!(read(&worker, Cursor::START).await, [2, 4]);
    // By now it may be tried again: with its first event, and not with a later one.
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(300)).await;
    tokio::time::resume();
    let behind = Cursor { position: 2, id: 2, retries: 0 };
    assert_eq!(read(&worker, behind).await, [4]);
    assert_eq!(read(&worker, Cursor::START).await, [1, 2, 3, 4]);
    worker.holds.release("refused");
    assert_eq!(read(&worker, behind).await, [3, 4]);
}

#[tokio::test]
async fn what_was_not_sent_in_time_is_read_again_before_those_behind_it() {
    let (mut worker, mut session) = worker(&["a", "a"]).await;
    let mut done = Vec::new();
    let outcomes = vec![(1, "a".to_owned(), Some(Ok(None))), (2, "a".to_owned(), None)];
    assert!(!worker.settle(&mut session, outcomes, &mut done).await.unwrap());
    assert_eq!((done.as_slice(), worker.state.status().error), (&[1][..], None));
    let outcomes = vec![(2, "a".to_owned(), Some(Ok(None)))];
    assert!(worker.settle(&mut session, outcomes, &mut done).await.unwrap());
    assert_eq!(done, [1, 2]);
}

#[tokio::test]
async fn the_waits_grow_until_the_database_takes_what_was_published() {
    let (mut worker, mut session) = worker(&["a"]).await;
    let first = worker.trouble.lengthen();
    // The stream confirms it each time, and the database is not told.
    let mut done = Vec::new();
    for times in [2, 4] {
        let outcomes = vec![(1, "a".to_owned(), Some(Ok(None)))];
        assert!(worker.settle(&mut session, outcomes, &mut done).await.unwrap());
        assert_eq!(worker.trouble.lengthen(), first * times);
    }
    worker.finish(&mut session, &mut done).await.unwrap();
    assert_eq!(worker.trouble.lengthen(), first);
}
