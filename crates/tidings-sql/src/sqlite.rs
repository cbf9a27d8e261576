//! SQLite. One transaction writes at a time, so rows are committed in the order of their ids; relays count
//! each other by rows that they renew.

mod session;
mod statement;

pub(crate) use session::SqliteSession;

use sqlx::sqlite::SqliteQueryResult;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool, Transaction};

use crate::database::{Backend, Database, Sealed, Statements};
use crate::layout::Migration;
use crate::row::NewRow;

/// Maximum number of rows of one statement: it has seven parameters for each, of 32,766 at most.
const AT_ONCE: usize = 4000;

/// The work of [`Sqlite`].
#[derive(Debug)]
pub struct SqliteBackend;

impl Database for Sqlite {}

impl Sealed for Sqlite {
    type Backend = SqliteBackend;
}

impl Backend<Sqlite> for SqliteBackend {
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

    const STATEMENTS: &'static Statements = &statement::STATEMENTS;

    fn changed(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    async fn begin(pool: &SqlitePool) -> sqlx::Result<Transaction<'static, Sqlite>> {
        pool.begin_with("BEGIN IMMEDIATE").await
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
}
