//! The statements for SQLite.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Sqlite, SqlitePool, query};

use super::InboxBackend;
use crate::inbox::key::Key;

const PROBE: &str = "SELECT consumer, stream, message, recorded_at FROM tidings_inbox LIMIT 0";
const RECORD: &str =
    "INSERT INTO tidings_inbox (consumer, stream, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
const FORGET: &str = "DELETE FROM tidings_inbox WHERE rowid IN (\
    SELECT rowid FROM tidings_inbox WHERE recorded_at < CAST(strftime('%s', 'now') AS INTEGER) - ? \
    ORDER BY recorded_at LIMIT ?)";

impl InboxBackend for Sqlite {
    async fn probe_inbox(pool: &SqlitePool) -> sqlx::Result<()> {
        query(PROBE).execute(pool).await.map(drop)
    }

    async fn record(connection: &mut SqliteConnection, key: &Key<'_>) -> sqlx::Result<bool> {
        let record = query(RECORD).bind(key.consumer).bind(key.stream).bind(&key.message);
        Ok(record.execute(connection).await?.rows_affected() > 0)
    }

    async fn forget(pool: &SqlitePool, seconds: i64, at_most: i64) -> sqlx::Result<u64> {
        Ok(query(FORGET).bind(seconds).bind(at_most).execute(pool).await?.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqlitePoolOptions;
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;

    #[tokio::test]
    async fn no_statement_reads_the_whole_table() {
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:");
        let pool = pool.await.unwrap();
        crate::migrate(&pool).await.unwrap();
        let forget = FORGET.replacen('?', "50000", 1).replacen('?', "1000", 1);
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {forget}"));
        let plan = query(explain).fetch_all(&pool).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(
            !steps.is_empty() && steps.iter().all(|step| !step.starts_with("SCAN")),
            "{steps:?}"
        );
    }
}
