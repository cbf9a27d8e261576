#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Executor as _, PgPool, Row as _};
use tidings_tests::Postgres;

use super::*;
use crate::database::{Manage, Session as _};
use crate::outbox::ParkedFilter;
use crate::postgres::session::PostgresSession;

const ALL: Share = Share { place: 0, relays: 1 };

async fn begin(server: &Postgres) -> (PgPool, PostgresSession) {
    let pool = PgPoolOptions::new().connect(&server.url()).await.unwrap();
    crate::migrate(&pool).await.unwrap();
    pool.execute("ALTER TABLE tidings_outbox SET (autovacuum_enabled = false)").await.unwrap();
    let session = PostgresSession::open(&pool).await.unwrap();
    (pool, session)
}

fn insert(key: &str, rows: u32) -> String {
    format!(
        "INSERT INTO tidings_outbox (slot, key, stream, subject, message_id, headers, payload) \
         SELECT 1, '{key}', 'S', 's', n::text, '[]', '' FROM generate_series(1, {rows}) AS n"
    )
}

async fn write(pool: &PgPool, key: &str, rows: u32) {
    pool.execute(sqlx::raw_sql(AssertSqlSafe(insert(key, rows)))).await.unwrap();
}

/// Keys of the first rows, as a relay reads them that has just looked; the position of the mark is then known.
async fn read(session: &mut PostgresSession) -> Vec<QueuedRow> {
    session.low_water().looked = None;
    session.next(ALL, Cursor::START, &[], 1024).await.unwrap()
}

fn keys(rows: &[QueuedRow]) -> Vec<&str> {
    rows.iter().map(|row| row.key.as_str()).collect()
}

async fn remove(session: &mut PostgresSession, rows: &[QueuedRow]) {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    session.finish(&ids, false).await.unwrap();
}

/// Pages that a read passes which begins at this position.
async fn pages(pool: &PgPool, position: i64) -> u64 {
    let mut connection = pool.acquire().await.unwrap();
    let set = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
        SET enable_bitmapscan = off; SET enable_sort = off";
    connection.execute(set).await.unwrap();
    let prepare = AssertSqlSafe(format!("PREPARE next AS {}", statement::NEXT));
    connection.execute(sqlx::raw_sql(prepare)).await.unwrap();
    let explain = format!(
        "EXPLAIN (ANALYZE, BUFFERS, COSTS off, TIMING off, SUMMARY off) \
         EXECUTE next({position}, {}, 1, 0, '{{}}', 1024)",
        i64::MAX
    );
    let plan = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
    connection.close().await.unwrap();
    // The outermost step counts those of all.
    let line = plan.iter().map(|row| row.get::<String, _>(0)).find(|l| l.contains("Buffers:"));
    let line = line.unwrap_or_default();
    let hit = line.split("hit=").nth(1).and_then(|hit| hit.split(' ').next());
    hit.map_or(0, |hit| hit.parse().unwrap())
}

#[tokio::test]
async fn rows_that_were_removed_and_not_vacuumed_are_passed_by_no_read() {
    let server = Postgres::start().await;
    let (pool, mut session) = begin(&server).await;
    for _ in 0..20 {
        write(&pool, "k", 1000).await;
    }
    loop {
        let rows = read(&mut session).await;
        if rows.is_empty() {
            break;
        }
        remove(&mut session, &rows).await;
    }
    let mark = session.low_water().mark;
    assert_eq!(mark, 20);
    write(&pool, "next", 1).await;
    assert_eq!(keys(&read(&mut session).await), ["next"]);
    assert_eq!(session.low_water().mark, mark);
    let (from_mark, from_first) = (pages(&pool, mark).await, pages(&pool, 0).await);
    assert!(from_mark < 20 && from_first > 60, "{from_mark} and {from_first} pages");
    session.close().await;
}

#[tokio::test]
async fn the_mark_waits_for_a_lower_position_that_is_not_committed() {
    let server = Postgres::start().await;
    let (pool, mut session) = begin(&server).await;
    let mut open = pool.begin().await.unwrap();
    open.execute(sqlx::raw_sql(AssertSqlSafe(insert("first", 1)))).await.unwrap();
    open.execute("SET CONSTRAINTS ALL IMMEDIATE").await.unwrap();
    for round in 0..3 {
        write(&pool, &format!("other-{round}"), 1).await;
        let rows = read(&mut session).await;
        assert_eq!(rows.len(), 1);
        remove(&mut session, &rows).await;
        assert!(read(&mut session).await.is_empty());
        assert_eq!(session.low_water().mark, 0);
    }
    open.commit().await.unwrap();
    let rows = read(&mut session).await;
    assert_eq!(keys(&rows), ["first"]);
    // It is not removed yet.
    assert_eq!((rows[0].position, session.low_water().mark), (1, 0));
    remove(&mut session, &rows).await;
    assert!(read(&mut session).await.is_empty());
    assert_eq!(session.low_water().mark, 4);

    // What is rolled back is waited for no longer than it is open.
    let mut open = pool.begin().await.unwrap();
    open.execute(sqlx::raw_sql(AssertSqlSafe(insert("nobody", 1)))).await.unwrap();
    open.execute("SET CONSTRAINTS ALL IMMEDIATE").await.unwrap();
    assert!(read(&mut session).await.is_empty());
    assert_eq!(session.low_water().mark, 4);
    open.rollback().await.unwrap();
    assert!(read(&mut session).await.is_empty());
    assert_eq!(session.low_water().mark, 5);
    session.close().await;
}

#[tokio::test]
async fn rows_that_are_let_go_again_come_before_what_was_committed_since() {
    let server = Postgres::start().await;
    let (pool, mut session) = begin(&server).await;
    write(&pool, "parked", 1).await;
    write(&pool, "other", 1).await;
    let rows = read(&mut session).await;
    session.park(rows[0].id, "why").await.unwrap();
    remove(&mut session, &rows[1..]).await;
    assert!(read(&mut session).await.is_empty());
    assert_eq!(session.low_water().mark, 2);
    let behind = rows[1].cursor();

    let let_go = Manage::<sqlx::Postgres>(&pool).retry(&ParkedFilter::All).await.unwrap();
    assert_eq!(let_go, 1);
    write(&pool, "parked", 1).await;
    // Nothing has told it, and what is behind the last row is not all.
    let later = session.next(ALL, behind, &[], 1024).await.unwrap();
    assert!(!behind.holds(&later));
    let rows = read(&mut session).await;
    assert_eq!(rows.iter().map(|row| row.position).collect::<Vec<_>>(), [1, 3]);

    session.low_water().mark = 2;
    let retries = rows[0].retries;
    session.low_water().retries = retries - 1;
    // The same where it begins at its mark.
    let rows = read(&mut session).await;
    assert_eq!(rows.iter().map(|row| row.position).collect::<Vec<_>>(), [1, 3]);
    // And behind a row that was read since.
    let behind = rows[0].cursor();
    let later = session.next(ALL, behind, &[], 1024).await.unwrap();
    assert!(behind.holds(&later) && later.len() == 1);
    session.close().await;
}

#[tokio::test]
async fn another_part_and_a_sequence_that_goes_back_begin_at_the_first_row() {
    let server = Postgres::start().await;
    let (pool, mut session) = begin(&server).await;
    write(&pool, "k", 3).await;
    write(&pool, "k", 3).await;
    let rows = read(&mut session).await;
    remove(&mut session, &rows).await;
    assert!(read(&mut session).await.is_empty());
    assert_eq!(session.low_water().mark, 2);
    // As a dump that is put back.
    pool.execute("SELECT setval('tidings_outbox_position', 1, false)").await.unwrap();
    write(&pool, "restored", 1).await;
    assert_eq!(keys(&read(&mut session).await), ["restored"]);
    session.next(Share { place: 1, relays: 2 }, Cursor::START, &[], 1024).await.unwrap();
    assert_eq!(session.low_water().share, Some(Share { place: 1, relays: 2 }));
    assert_eq!(session.low_water().mark, 0);
    session.close().await;
}

#[test]
fn reads_from_the_first_row_have_a_bound_of_the_time() {
    let mut low_water = LowWater::new();
    low_water.read_whole(Duration::from_millis(3));
    assert_eq!(low_water.until_whole, WHOLE);
    // What a transaction keeps that is open for an hour.
    low_water.read_whole(Duration::from_secs(2));
    assert_eq!(low_water.until_whole, Duration::from_secs(200));
}
