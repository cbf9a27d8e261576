//! A relay's way to the database. It keeps no connection: a database in memory may have one alone.

use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, SqlitePool, Transaction};

use super::statement;
use crate::database::{Backend as _, Session, Share};
use crate::row::{Cursor, QueuedRow};

/// Time for which it is known that a relay is at work.
const AT_WORK: i64 = 3000;

/// A relay's way to the database.
#[derive(Debug)]
pub struct SqliteSession {
    pool: SqlitePool,
    /// Number by which others know that this relay is at work.
    relay: i64,
}

impl SqliteSession {
    pub(super) fn new(pool: &SqlitePool) -> Self {
        let [a, b, c, d, ..] = *uuid::Uuid::new_v4().as_bytes();
        Self { pool: pool.clone(), relay: i64::from(u32::from_ne_bytes([a, b, c, d])) }
    }

    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        Sqlite::begin(&self.pool).await
    }
}

impl Session for SqliteSession {
    async fn share(&mut self) -> sqlx::Result<Share> {
        let mut tx = self.begin().await?;
        sqlx::query(statement::FORGET).execute(&mut *tx).await?;
        sqlx::query(statement::JOIN).bind(self.relay).bind(AT_WORK).execute(&mut *tx).await?;
        let relays: Vec<i64> = sqlx::query_scalar(statement::RELAYS).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let place = relays.iter().position(|relay| *relay == self.relay).unwrap_or(0);
        let of = |count: usize| i16::try_from(count).unwrap_or(i16::MAX);
        Ok(Share { place: of(place), relays: of(relays.len().max(1)) })
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
        rows.iter().map(queued).collect()
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
        // Others hear of it in a moment anyway.
        let _ = sqlx::query(statement::LEAVE).bind(self.relay).execute(&self.pool).await;
    }
}

/// A list in the form that `json_each` reads.
fn json<T: serde::Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

fn queued(row: &SqliteRow) -> sqlx::Result<QueuedRow> {
    let (id, age): (i64, i64) = (row.try_get(0)?, row.try_get(6)?);
    Ok(QueuedRow {
        id,
        position: id,
        key: row.try_get(1)?,
        stream: row.try_get(2)?,
        subject: row.try_get(3)?,
        headers: row.try_get(4)?,
        payload: row.try_get(5)?,
        age: Duration::from_millis(age.max(0).unsigned_abs()),
        behind: row.try_get(7)?,
    })
}
