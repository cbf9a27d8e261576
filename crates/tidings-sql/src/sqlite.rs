//! SQLite. One transaction writes at a time, so rows are committed in the order of their ids; relays count
//! each other by rows that they renew.

mod manage;
mod session;
mod statement;

pub(crate) use session::SqliteSession;

use std::time::Duration;

use sqlx::{Executor as _, QueryBuilder, Sqlite, SqliteConnection, SqlitePool, Transaction};

use crate::database::Backend;
use crate::layout::Migration;
use crate::outbox::{OutboxStatus, ParkedFilter, ParkedRecord};
use crate::row::NewRow;

/// Maximum number of rows of one statement: it has seven parameters for each, of 32,766 at most.
const AT_ONCE: usize = 4000;

impl Backend for Sqlite {
    type Session = SqliteSession;

    const WAKES: bool = false;

    const MIGRATIONS: &'static [Migration] = &[
        Migration {
            part: "outbox",
            version: 1,
            name: "20261129000001_tidings_outbox",
            sql: include_str!("../migrations/sqlite/20261129000001_tidings_outbox.sql"),
        },
        Migration {
            part: "inbox",
            version: 1,
            name: "20261129000002_tidings_inbox",
            sql: include_str!("../migrations/sqlite/20261129000002_tidings_inbox.sql"),
        },
    ];

    async fn begin(pool: &SqlitePool) -> sqlx::Result<Transaction<'static, Self>> {
        pool.begin_with("BEGIN IMMEDIATE").await
    }

    async fn layout(pool: &SqlitePool, part: &str) -> sqlx::Result<Option<i32>> {
        let exists: bool = sqlx::query_scalar(statement::HAS_LAYOUT).fetch_one(pool).await?;
        if !exists {
            return Ok(None);
        }
        sqlx::query_scalar(statement::LAYOUT).bind(part).fetch_optional(pool).await
    }

    async fn probe(pool: &SqlitePool) -> sqlx::Result<()> {
        sqlx::query(statement::PROBE).execute(pool).await.map(|_| ())
    }

    async fn migrate(pool: &SqlitePool) -> sqlx::Result<()> {
        let mut tx = Self::begin(pool).await?;
        let exists: bool = sqlx::query_scalar(statement::HAS_LAYOUT).fetch_one(&mut *tx).await?;
        for migration in Self::MIGRATIONS {
            let found: Option<i32> = if exists {
                let asked = sqlx::query_scalar(statement::LAYOUT).bind(migration.part);
                asked.fetch_optional(&mut *tx).await?
            } else {
                None
            };
            if found.unwrap_or(0) < migration.version {
                tx.execute(sqlx::raw_sql(migration.sql)).await?;
            }
        }
        tx.commit().await
    }

    async fn insert(connection: &mut SqliteConnection, rows: Vec<NewRow>) -> sqlx::Result<()> {
        for rows in rows.chunks(AT_ONCE) {
            let mut insert = QueryBuilder::new(statement::INSERT);
            insert.push_values(rows, |mut values, row| {
                values.push_bind(row.slot).push_bind(&row.key).push_bind(&row.stream);
                values.push_bind(&row.subject).push_bind(&row.message_id);
                values.push_bind(&row.headers).push_bind(&row.payload[..]);
            });
            insert.build().persistent(rows.len() == 1).execute(&mut *connection).await?;
        }
        Ok(())
    }

    async fn session(pool: &SqlitePool) -> sqlx::Result<SqliteSession> {
        Ok(SqliteSession::new(pool))
    }

    async fn status(pool: &SqlitePool) -> sqlx::Result<OutboxStatus> {
        manage::status(pool).await
    }

    async fn parked(pool: &SqlitePool, behind: i64, limit: i64) -> sqlx::Result<Vec<ParkedRecord>> {
        manage::parked(pool, behind, limit).await
    }

    async fn retry(pool: &SqlitePool, filter: &ParkedFilter) -> sqlx::Result<u64> {
        manage::retry(pool, filter).await
    }

    async fn purge(pool: &SqlitePool, filter: &ParkedFilter) -> sqlx::Result<u64> {
        manage::purge(pool, filter).await
    }

    async fn purge_sent(pool: &SqlitePool, age: Duration, limit: i64) -> sqlx::Result<u64> {
        manage::purge_sent(pool, age, limit).await
    }
}
