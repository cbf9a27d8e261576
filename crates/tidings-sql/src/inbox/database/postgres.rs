//! The statements for PostgreSQL.

use sqlx::postgres::PgConnection;
use sqlx::{PgPool, Postgres, query};

use super::InboxBackend;
use crate::inbox::key::Key;

const PROBE: &str = "SELECT consumer, stream, message, recorded_at FROM tidings_inbox LIMIT 0";
/// A record of a transaction that is still open is waited for.
const RECORD: &str = "INSERT INTO tidings_inbox (consumer, stream, message) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
/// Each row is deleted by one, where several clean up.
const FORGET: &str = "DELETE FROM tidings_inbox WHERE ctid = ANY(ARRAY(\
    SELECT ctid FROM tidings_inbox WHERE recorded_at < now() - $1 * interval '1 second' \
    ORDER BY recorded_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

impl InboxBackend for Postgres {
    async fn probe_inbox(pool: &PgPool) -> sqlx::Result<()> {
        query(PROBE).execute(pool).await.map(drop)
    }

    async fn record(connection: &mut PgConnection, key: &Key<'_>) -> sqlx::Result<bool> {
        let record = query(RECORD).bind(key.consumer).bind(key.stream).bind(&key.message);
        Ok(record.execute(connection).await?.rows_affected() > 0)
    }

    async fn forget(pool: &PgPool, seconds: i64, at_most: i64) -> sqlx::Result<u64> {
        Ok(query(FORGET).bind(seconds).bind(at_most).execute(pool).await?.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, query_scalar, raw_sql};

    use super::*;

    /// How PostgreSQL would run each statement, in a table of 100,000 records.
    #[tokio::test]
    async fn no_statement_reads_the_whole_table() {
        let server = tidings_tests::Postgres::start().await;
        let pool = PgPool::connect(&server.url()).await.unwrap();
        crate::migrate(&pool).await.unwrap();
        let fill = "INSERT INTO tidings_inbox SELECT 'c' || i % 5, 'S', i::text, now() - i * interval '1 second' \
                    FROM generate_series(1, 100000) AS i; ANALYZE tidings_inbox";
        raw_sql(fill).execute(&pool).await.unwrap();
        // Arguments stand in the text, since what has arguments is not explained.
        let record = RECORD.replace("$1", "'c'").replace("$2", "'S'").replace("$3", "'new'");
        let forget = FORGET.replace("$1", "50000").replace("$2", "1000");
        for statement in [record, forget] {
            let explain = AssertSqlSafe(format!("EXPLAIN {statement}"));
            let plan: Vec<String> = query_scalar(explain).fetch_all(&pool).await.unwrap();
            let plan = plan.join("\n");
            assert!(!plan.contains("Seq Scan"), "{statement}\n{plan}");
        }
    }
}
