//! The rows, in either database, and the database that can be killed.

use std::time::Duration;

use anyhow::Result;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Pool, Postgres, Sqlite, Transaction, query, query_scalar};
use tempfile::TempDir;
use tidings_sql::Database;

/// Longest time that a connection, or the right to write, is waited for.
const WAIT: Duration = Duration::from_secs(20);

/// A database with orders and what became of them. The statements are the same for both.
pub(crate) trait Store: Database {
    /// Holder of the database.
    type Host: Host;

    fn host() -> impl Future<Output = Result<Self::Host>>;
    /// A pool that connects once it is asked for something.
    fn pool(url: &str) -> Result<Pool<Self>>;
    fn create(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Writes an order; says whether it is new.
    fn place(
        tx: &mut Transaction<'_, Self>,
        number: i64,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;
    /// Number of the last order that was placed by one of so many who place each so many-th.
    fn last(
        pool: &Pool<Self>,
        of: i64,
        place: i64,
    ) -> impl Future<Output = sqlx::Result<Option<i64>>> + Send;
    fn effect(
        tx: &mut Transaction<'_, Self>,
        number: i64,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Numbers of all rows of a table, in order.
    fn numbers(
        pool: &Pool<Self>,
        table: Table,
    ) -> impl Future<Output = sqlx::Result<Vec<i64>>> + Send;
    fn effects(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<i64>> + Send;
}

/// A table of the two.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    Orders,
    Effects,
}

/// Holder of a database, which can be killed where it is a process.
pub(crate) trait Host {
    const IS_PROCESS: bool;

    fn url(&self) -> String;
    fn kill(&mut self);
    fn restart(&mut self) -> impl Future<Output = ()>;
}

impl Host for tidings_tests::Postgres {
    const IS_PROCESS: bool = true;

    fn url(&self) -> String {
        self.url()
    }

    fn kill(&mut self) {
        self.kill();
    }

    async fn restart(&mut self) {
        self.restart().await;
    }
}

/// A file: it is killed with whoever writes there.
impl Host for TempDir {
    const IS_PROCESS: bool = false;

    fn url(&self) -> String {
        self.path().join("shop.db").display().to_string()
    }

    fn kill(&mut self) {}

    async fn restart(&mut self) {}
}

const ORDERS: &str = "CREATE TABLE orders (number BIGINT PRIMARY KEY)";
// Nothing but the inbox keeps an effect from being written twice.
const EFFECTS: &str = "CREATE TABLE effects (number BIGINT NOT NULL)";

macro_rules! rows {
    () => {
        async fn create(pool: &Pool<Self>) -> sqlx::Result<()> {
            query(ORDERS).execute(pool).await?;
            query(EFFECTS).execute(pool).await.map(drop)
        }

        async fn place(tx: &mut Transaction<'_, Self>, number: i64) -> sqlx::Result<bool> {
            let place = query("INSERT INTO orders (number) VALUES ($1) ON CONFLICT DO NOTHING");
            Ok(place.bind(number).execute(&mut **tx).await?.rows_affected() > 0)
        }

        async fn last(pool: &Pool<Self>, of: i64, place: i64) -> sqlx::Result<Option<i64>> {
            let last = query_scalar("SELECT max(number) FROM orders WHERE number % $1 = $2");
            last.bind(of).bind(place).fetch_one(pool).await
        }

        async fn effect(tx: &mut Transaction<'_, Self>, number: i64) -> sqlx::Result<()> {
            let effect = query("INSERT INTO effects (number) VALUES ($1)").bind(number);
            effect.execute(&mut **tx).await.map(drop)
        }

        async fn numbers(pool: &Pool<Self>, table: Table) -> sqlx::Result<Vec<i64>> {
            let numbers = match table {
                Table::Orders => "SELECT number FROM orders ORDER BY number",
                Table::Effects => "SELECT number FROM effects ORDER BY number",
            };
            query_scalar(numbers).fetch_all(pool).await
        }

        async fn effects(pool: &Pool<Self>) -> sqlx::Result<i64> {
            query_scalar("SELECT count(*) FROM effects").fetch_one(pool).await
        }
    };
}

impl Store for Postgres {
    type Host = tidings_tests::Postgres;

    async fn host() -> Result<Self::Host> {
        Ok(tidings_tests::Postgres::start().await)
    }

    fn pool(url: &str) -> Result<Pool<Self>> {
        Ok(PgPoolOptions::new().acquire_timeout(WAIT).connect_lazy(url)?)
    }

    rows!();
}

impl Store for Sqlite {
    type Host = TempDir;

    async fn host() -> Result<Self::Host> {
        Ok(tempfile::tempdir()?)
    }

    fn pool(url: &str) -> Result<Pool<Self>> {
        let options = SqliteConnectOptions::new()
            .filename(url)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(WAIT);
        Ok(SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options))
    }

    rows!();
}
