//! Figures, parked rows, and cleaning up.

use std::time::{Duration, SystemTime};

use sqlx::{PgPool, Row as _};

use super::statement;
use crate::outbox::{OutboxStatus, ParkedFilter, ParkedRecord};

pub(super) async fn status(pool: &PgPool) -> sqlx::Result<OutboxStatus> {
    let mut connection = pool.acquire().await?;
    let pending: i64 = sqlx::query_scalar(statement::PENDING).fetch_one(&mut *connection).await?;
    let oldest: Option<i64> =
        sqlx::query_scalar(statement::OLDEST).fetch_optional(&mut *connection).await?;
    let parked: i64 =
        sqlx::query_scalar(statement::PARKED_COUNT).fetch_one(&mut *connection).await?;
    let bytes: i64 = sqlx::query_scalar(statement::BYTES).fetch_one(&mut *connection).await?;
    Ok(OutboxStatus {
        pending: pending.unsigned_abs(),
        oldest: oldest.map(|age| Duration::from_millis(age.max(0).unsigned_abs())),
        parked: parked.unsigned_abs(),
        bytes: bytes.unsigned_abs(),
    })
}

pub(super) async fn parked(
    pool: &PgPool,
    behind: i64,
    limit: i64,
) -> sqlx::Result<Vec<ParkedRecord>> {
    let rows = sqlx::query(statement::PARKED).bind(behind).bind(limit).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            let at: i64 = row.try_get(5)?;
            Ok(ParkedRecord {
                id: row.try_get(0)?,
                key: row.try_get(1)?,
                subject: row.try_get(2)?,
                stream: row.try_get(3)?,
                message_id: row.try_get(4)?,
                parked_at: SystemTime::UNIX_EPOCH + Duration::from_millis(at.unsigned_abs()),
                reason: row.try_get(6)?,
                behind: row.try_get(7)?,
            })
        })
        .collect()
}

pub(super) async fn retry(pool: &PgPool, filter: &ParkedFilter) -> sqlx::Result<u64> {
    let mut tx = pool.begin().await?;
    let retried = match filter {
        ParkedFilter::All => sqlx::query(statement::RETRY_ALL).execute(&mut *tx).await?,
        ParkedFilter::Key(key) => {
            sqlx::query(statement::RETRY_KEY).bind(key).execute(&mut *tx).await?
        }
        ParkedFilter::Row(row) => {
            let key: Option<String> =
                sqlx::query_scalar(statement::KEY_OF).bind(row).fetch_optional(&mut *tx).await?;
            let Some(key) = key else { return Ok(0) };
            sqlx::query(statement::RETRY_KEY).bind(key).execute(&mut *tx).await?
        }
    };
    sqlx::query(statement::WAKE).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(retried.rows_affected())
}

pub(super) async fn purge(pool: &PgPool, filter: &ParkedFilter) -> sqlx::Result<u64> {
    let mut tx = pool.begin().await?;
    let purged = match filter {
        ParkedFilter::All => {
            sqlx::query(statement::PURGE_ALL).execute(&mut *tx).await?.rows_affected()
        }
        ParkedFilter::Key(key) => {
            sqlx::query(statement::PURGE_KEY).bind(key).execute(&mut *tx).await?.rows_affected()
        }
        ParkedFilter::Row(row) => {
            let key: Option<String> =
                sqlx::query_scalar(statement::PURGE_ROW).bind(row).fetch_optional(&mut *tx).await?;
            let Some(key) = key else { return Ok(0) };
            // What waited behind it goes on; what can't be published either is parked again.
            sqlx::query(statement::RETRY_KEY).bind(key).execute(&mut *tx).await?;
            1
        }
    };
    sqlx::query(statement::WAKE).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(purged)
}

pub(super) async fn purge_sent(pool: &PgPool, age: Duration, limit: i64) -> sqlx::Result<u64> {
    let purge = sqlx::query(statement::PURGE_SENT).bind(age.as_secs_f64()).bind(limit);
    Ok(purge.execute(pool).await?.rows_affected())
}
