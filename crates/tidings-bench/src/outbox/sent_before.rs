//! Rows that were sent before and are kept.

use anyhow::Result;
use sqlx::PgPool;

/// Number of rows that one statement writes of those that were sent before.
const AT_ONCE: usize = 500_000;

/// Writes that many rows.
pub(crate) async fn write(pool: &PgPool, rows: i64) -> Result<()> {
    let mut connection = pool.acquire().await?;
    // They have their places.
    sqlx::query("ALTER TABLE tidings_outbox DISABLE TRIGGER USER")
        .execute(&mut *connection)
        .await?;
    for from in (0..rows).step_by(AT_ONCE) {
        let to = rows.min(from + i64::try_from(AT_ONCE)?);
        sqlx::query(
            "INSERT INTO tidings_outbox \
             (slot, key, stream, subject, message_id, headers, payload, position, sent_at) \
             SELECT n % 32768, n::text, 'ORDERS', 'orders.eu.placed', n::text, '[]', '\\x7b7d', 0, \
             now() - interval '1 day' FROM generate_series($1 + 1, $2) AS n",
        )
        .bind(from)
        .bind(to)
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("ALTER TABLE tidings_outbox ENABLE TRIGGER USER").execute(&mut *connection).await?;
    sqlx::query("VACUUM ANALYZE tidings_outbox").execute(&mut *connection).await?;
    Ok(())
}
