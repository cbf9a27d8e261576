//! Low-water mark of a relay: no row that it has to send stands below, so its reads begin there.
//!
//! PostgreSQL keeps what was removed until a vacuum takes it out, and a read that begins at the first row passes all of
//! that in the index. Positions are given inside commits, and one may be seen later than those above it. So the mark rises
//! to a position only once every transaction has ended that was given that one or a lower one.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use super::statement;
use crate::database::Share;
use crate::row::{Cursor, QueuedRow};

/// Number of rows that this relay has removed after which the mark is worth a look.
const ROWS: usize = 500;
/// The shortest interval of two looks, and the longest one.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Interval at which a read begins at the first row whatever is known: rows that somebody changes by hand may stand below.
const WHOLE: Duration = Duration::from_secs(5);
/// Bound of the time for such reads: one part of so many. A transaction that is open for an hour keeps what was removed
/// since from being taken out: it has one part of so many of the time.
const WHOLE_PART: u32 = 100;

/// Knowledge of where the rows to be sent begin.
#[derive(Debug)]
pub(super) struct LowWater {
    mark: i64,
    /// The part of the rows for which the mark holds.
    share: Option<Share>,
    /// Number of times that parked rows were let go again, by the time of the last read from the mark.
    retries: i64,
    /// Every transaction has ended that was given this position or a lower one.
    ended: i64,
    /// A position, and transactions that may have been given it or a lower one.
    ending: Option<(i64, Vec<String>)>,
    /// Number of rows that were removed since the last look.
    removed: usize,
    looked: Option<Instant>,
    /// Time of the last read from the first row.
    whole: Instant,
    /// Interval until the next one.
    until_whole: Duration,
}

impl LowWater {
    pub(super) fn new() -> Self {
        Self {
            mark: 0,
            share: None,
            retries: 0,
            ended: 0,
            ending: None,
            removed: 0,
            looked: None,
            whole: Instant::now(),
            until_whole: WHOLE,
        }
    }

    /// Forgets the mark: rows may stand below.
    pub(super) fn forget(&mut self) {
        self.mark = 0;
        self.whole = Instant::now();
    }

    /// Counts rows that this relay has removed.
    pub(super) fn removed(&mut self, rows: usize) {
        self.removed += rows;
    }

    /// The place behind which a read of the first rows begins.
    pub(super) async fn begin(
        &mut self,
        connection: &mut PgConnection,
        share: Share,
    ) -> sqlx::Result<Cursor> {
        if self.share != Some(share) || self.whole.elapsed() >= self.until_whole {
            self.forget();
            self.share = Some(share);
        }
        if self.is_due() {
            (self.removed, self.looked) = (0, Some(Instant::now()));
            self.look(connection).await?;
        }
        Ok(match self.mark {
            0 => Cursor::START,
            position => Cursor { position, id: i64::MAX, retries: self.retries },
        })
    }

    fn is_due(&self) -> bool {
        let (shortest, longest) = LOOKS;
        self.looked
            .map(|at| at.elapsed())
            .is_none_or(|passed| passed >= longest || (passed >= shortest && self.removed >= ROWS))
    }

    /// Finds out up to which position all transactions have ended, as far as others may see their rows.
    async fn look(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let given = sqlx::query_scalar(statement::GIVEN).fetch_one(&mut *connection).await?;
        let Some(given): Option<i64> = given else { return Ok(()) };
        if given < self.ended {
            // Somebody has set the sequence back.
            (self.ended, self.ending) = (0, None);
            self.forget();
        }
        if given == self.ended {
            return Ok(());
        }
        // Whoever was given a position by now, and has not ended, is among them.
        let placing: Vec<String> =
            sqlx::query_scalar(statement::PLACING).fetch_all(connection).await?;
        match self.ending.take() {
            _ if placing.is_empty() => self.ended = given,
            Some((position, others)) if others.iter().any(|other| placing.contains(other)) => {
                self.ending = Some((position, others));
            }
            ended => {
                if let Some((position, _)) = ended {
                    self.ended = position;
                }
                self.ending = Some((given, placing));
            }
        }
        Ok(())
    }

    /// Takes in how long a read from the first row took.
    pub(super) fn read_whole(&mut self, took: Duration) {
        self.until_whole = WHOLE.max(took.saturating_mul(WHOLE_PART));
    }

    /// Takes in the rows of a read from the mark, and whether it left out none that are to be sent.
    pub(super) fn rise(&mut self, rows: &[QueuedRow], is_complete: bool) {
        let mut to = self.ended;
        if let Some(first) = rows.first() {
            self.retries = first.retries;
            to = to.min(first.position - 1);
        }
        if is_complete {
            self.mark = self.mark.max(to);
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]
mod tests {
    use sqlx::postgres::PgPoolOptions;
    use sqlx::{AssertSqlSafe, Executor as _, PgPool, Row as _};
    use tidings_tests::Postgres;

    use super::super::session::PostgresSession;
    use super::*;
    use crate::database::{Manage, Session as _};
    use crate::outbox::ParkedFilter;

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
}
