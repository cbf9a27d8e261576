//! PostgreSQL. Positions are given inside COMMIT by a trigger, and relays count each other by locks that end
//! with their connections.

mod manage;
mod session;
mod statement;

pub(crate) use session::PostgresSession;

use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::{Executor as _, PgConnection, PgPool, Postgres, Transaction};

use crate::database::Backend;
use crate::layout::Migration;
use crate::outbox::{OutboxStatus, ParkedFilter, ParkedRecord};
use crate::row::NewRow;

/// SQLSTATE of a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

impl Backend for Postgres {
    type Session = PostgresSession;

    const WAKES: bool = true;

    const MIGRATIONS: &'static [Migration] = &[
        Migration {
            part: "outbox",
            version: 1,
            name: "20261129000001_tidings_outbox",
            sql: include_str!("../migrations/postgres/20261129000001_tidings_outbox.sql"),
        },
        Migration {
            part: "inbox",
            version: 1,
            name: "20261129000002_tidings_inbox",
            sql: include_str!("../migrations/postgres/20261129000002_tidings_inbox.sql"),
        },
    ];

    async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Self>> {
        pool.begin().await
    }

    async fn layout(pool: &PgPool, part: &str) -> sqlx::Result<Option<i32>> {
        let version = sqlx::query_scalar(statement::LAYOUT).bind(part).fetch_optional(pool).await;
        match version {
            Err(sqlx::Error::Database(error)) if is_undefined(&*error) => Ok(None),
            version => version,
        }
    }

    async fn probe(pool: &PgPool) -> sqlx::Result<()> {
        sqlx::query(statement::PROBE).execute(pool).await.map(|_| ())
    }

    async fn migrate(pool: &PgPool) -> sqlx::Result<()> {
        let mut tx = pool.begin().await?;
        sqlx::query(statement::MIGRATING).execute(&mut *tx).await?;
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

    async fn insert(connection: &mut PgConnection, mut rows: Vec<NewRow>) -> sqlx::Result<()> {
        if rows.len() == 1
            && let Some(row) = rows.pop()
        {
            let NewRow { slot, key, stream, subject, message_id, headers, payload } = row;
            let insert = sqlx::query(statement::INSERT).bind(slot).bind(key).bind(stream);
            let insert = insert.bind(subject).bind(message_id).bind(headers).bind(&payload[..]);
            return insert.execute(connection).await.map(|_| ());
        }
        let slots: Vec<i16> = rows.iter().map(|row| row.slot).collect();
        let payloads: Vec<&[u8]> = rows.iter().map(|row| &row.payload[..]).collect();
        let texts = |text: fn(&NewRow) -> &String| -> Vec<&str> {
            rows.iter().map(|row| text(row).as_str()).collect()
        };
        let insert = sqlx::query(statement::INSERT_MANY)
            .bind(slots)
            .bind(texts(|row| &row.key))
            .bind(texts(|row| &row.stream))
            .bind(texts(|row| &row.subject))
            .bind(texts(|row| &row.message_id))
            .bind(texts(|row| &row.headers))
            .bind(payloads);
        insert.execute(connection).await.map(|_| ())
    }

    async fn session(pool: &PgPool) -> sqlx::Result<PostgresSession> {
        PostgresSession::open(pool).await
    }

    async fn status(pool: &PgPool) -> sqlx::Result<OutboxStatus> {
        manage::status(pool).await
    }

    async fn parked(pool: &PgPool, behind: i64, limit: i64) -> sqlx::Result<Vec<ParkedRecord>> {
        manage::parked(pool, behind, limit).await
    }

    async fn retry(pool: &PgPool, filter: &ParkedFilter) -> sqlx::Result<u64> {
        manage::retry(pool, filter).await
    }

    async fn purge(pool: &PgPool, filter: &ParkedFilter) -> sqlx::Result<u64> {
        manage::purge(pool, filter).await
    }

    async fn purge_sent(pool: &PgPool, age: Duration, limit: i64) -> sqlx::Result<u64> {
        manage::purge_sent(pool, age, limit).await
    }
}

fn is_undefined(error: &dyn DatabaseError) -> bool {
    error.code().as_deref() == Some(UNDEFINED_TABLE)
}
