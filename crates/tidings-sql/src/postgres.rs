//! PostgreSQL. Positions are given inside COMMIT by a trigger, and relays count each other by locks that end
//! with their connections.

mod low_water;
mod session;
mod share;
mod statement;

pub(crate) use session::PostgresSession;

use sqlx::postgres::PgQueryResult;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use crate::database::{Backend, Database, Sealed, Statements};
use crate::layout::Migration;
use crate::row::NewRow;

/// The work of [`Postgres`].
#[derive(Debug)]
pub struct PostgresBackend;

impl Database for Postgres {}

impl Sealed for Postgres {
    type Backend = PostgresBackend;
}

impl Backend<Postgres> for PostgresBackend {
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
        Migration {
            part: "outbox",
            version: 2,
            name: "20261129000003_tidings_outbox_place",
            sql: include_str!("../migrations/postgres/20261129000003_tidings_outbox_place.sql"),
        },
    ];

    const STATEMENTS: &'static Statements = &statement::STATEMENTS;

    fn changed(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
        pool.begin().await
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
}
