//! A relay's way to the database. It keeps no connection: a database in memory may have one alone.

use std::time::Duration;

use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::time::{Instant, timeout};

use super::{SqliteBackend, statement};
use crate::database::{Backend as _, Driver as _, Session, Share};
use crate::row::{Cursor, QueuedRow};

/// Time for which it is known that a relay is at work, in milliseconds.
const AT_WORK: i64 = 1000;
/// Time that a relay has to say that it ends.
const FAREWELL: Duration = Duration::from_secs(1);
/// Interval at which it says so, and asks who else is.
const SHARING: Duration = Duration::from_millis(250);

/// A relay's way to the database.
#[derive(Debug)]
pub struct SqliteSession {
    pool: SqlitePool,
    /// Number by which others know that this relay is at work.
    relay: i64,
    /// Share of the rows that this relay sends, and when it was asked for.
    share: Option<(Share, Instant)>,
}

impl SqliteSession {
    pub(super) fn new(pool: &SqlitePool) -> Self {
        let [a, b, c, d, ..] = *uuid::Uuid::new_v4().as_bytes();
        let relay = i64::from(u32::from_ne_bytes([a, b, c, d]));
        Self { pool: pool.clone(), relay, share: None }
    }

    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        SqliteBackend::begin(&self.pool).await
    }
}

impl Session for SqliteSession {
    async fn share(&mut self) -> sqlx::Result<Share> {
        if let Some((share, asked)) = self.share
            && asked.elapsed() < SHARING
        {
            return Ok(share);
        }
        let mut tx = self.begin().await?;
        sqlx::query(statement::FORGET_RELAYS).bind(AT_WORK).execute(&mut *tx).await?;
        sqlx::query(statement::JOIN).bind(self.relay).bind(AT_WORK).execute(&mut *tx).await?;
        let relays: Vec<i64> = sqlx::query_scalar(statement::RELAYS).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let place = relays.iter().position(|relay| *relay == self.relay).unwrap_or(0);
        let share = Share::of(place, relays.len());
        self.share = Some((share, Instant::now()));
        Ok(share)
    }

    async fn next(
        &mut self,
        share: Share,
        after: Cursor,
        without: &[String],
        limit: i64,
    ) -> sqlx::Result<Vec<QueuedRow>> {
        let next = sqlx::query(statement::NEXT)
            .bind(after.id)
            .bind(share.relays)
            .bind(share.place)
            .bind(json(without))
            .bind(limit);
        let rows = next.fetch_all(&self.pool).await?;
        rows.iter().map(SqliteBackend::queued).collect()
    }

    async fn finish(&mut self, rows: &[i64], keep: bool) -> sqlx::Result<()> {
        let statement = if keep { statement::MARK } else { statement::DELETE };
        sqlx::query(statement).bind(json(rows)).execute(&self.pool).await.map(|_| ())
    }

    async fn park(&mut self, row: i64, reason: &str) -> sqlx::Result<()> {
        let park = sqlx::query(statement::PARK).bind(row).bind(reason);
        park.execute(&self.pool).await.map(|_| ())
    }

    async fn park_behind(&mut self, rows: &[(i64, i64)]) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        for (row, behind) in rows {
            let park = sqlx::query(statement::PARK_BEHIND).bind(row).bind(behind);
            park.execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    async fn wait(&mut self, most: Duration) -> sqlx::Result<bool> {
        tokio::time::sleep(most).await;
        Ok(false)
    }

    async fn close(self) {
        // By then others have heard of it anyway.
        let leave = sqlx::query(statement::LEAVE).bind(self.relay).execute(&self.pool);
        let _ = timeout(FAREWELL, leave).await;
    }
}

/// A list in the form that `json_each` reads.
fn json<T: serde::Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]
mod tests {
    use sqlx::Executor as _;
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;
    use crate::database::Manage;
    use crate::outbox::ParkedFilter;

    const ALL: Share = Share { place: 0, relays: 1 };

    async fn begin() -> (SqlitePool, SqliteSession) {
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
        let pool = pool.unwrap();
        crate::migrate(&pool).await.unwrap();
        let session = SqliteSession::new(&pool);
        (pool, session)
    }

    #[tokio::test]
    async fn rows_that_are_let_go_again_come_before_what_was_committed_since() {
        let (pool, mut session) = begin().await;
        let insert = "INSERT INTO tidings_outbox (slot, key, stream, subject, message_id, headers, payload) \
            VALUES (1, 'k', 'S', 's', 'i', '[]', '')";
        pool.execute(insert).await.unwrap();
        pool.execute(insert).await.unwrap();
        let rows = session.next(ALL, Cursor::START, &[], 10).await.unwrap();
        session.park(rows[0].id, "why").await.unwrap();
        let behind = rows[1].cursor();
        assert_eq!(Manage::<Sqlite>(&pool).retry(&ParkedFilter::All).await.unwrap(), 1);
        pool.execute(insert).await.unwrap();
        let later = session.next(ALL, behind, &[], 10).await.unwrap();
        assert!(!behind.holds(&later));
        let rows = session.next(ALL, Cursor::START, &[], 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2, 3]);
        let behind = rows[1].cursor();
        let later = session.next(ALL, behind, &[], 10).await.unwrap();
        assert!(behind.holds(&later) && later.len() == 1);
    }

    #[tokio::test]
    async fn a_relay_of_before_the_clock_stepped_back_is_not_at_work() {
        let (pool, mut session) = begin().await;
        let of_before = "INSERT INTO tidings_outbox_relay (relay, until) VALUES (7, \
            CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) + 3600000)";
        pool.execute(of_before).await.unwrap();
        assert_eq!(session.share().await.unwrap(), ALL);
        // And another one that is at work is.
        let mut other = SqliteSession::new(&pool);
        assert_eq!(other.share().await.unwrap().relays, 2);
    }
}
