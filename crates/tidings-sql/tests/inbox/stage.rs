//! A database and a bus for one test: SQLite with the bus in memory, PostgreSQL with a nats-server.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{PgPool, Pool, Postgres, Sqlite, Transaction, query, query_scalar};
use tidings::prelude::*;
use tidings::{Failure, Running};
use tidings_sql::{Database, Inbox};
use tidings_tests::{Server, eventually};
use tokio::sync::mpsc;

use crate::event::{OrderPlaced, Orders};

/// Longest time that anything may take.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A database with the inbox's table, and one that a handler's effects are written to.
pub(crate) struct Stage<DB: TestDatabase> {
    pub(crate) pool: Pool<DB>,
    pub(crate) bus: Bus,
    _server: Option<Server>,
    _database: DB::Keeper,
}

/// A database as the tests use it beside the inbox.
pub(crate) trait TestDatabase: Database {
    /// The keeper of the database, which lives as long as it is used.
    type Keeper;

    async fn empty() -> (Pool<Self>, Self::Keeper);
    async fn prepare(pool: &Pool<Self>);
    async fn bus() -> (Bus, Option<Server>);
    fn write(
        tx: &mut Transaction<'_, Self>,
        number: i64,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
    /// Numbers that were written, in order.
    async fn written(pool: &Pool<Self>) -> Vec<i64>;
    async fn records(pool: &Pool<Self>) -> i64;
    /// Writes so many records of that age.
    async fn age(pool: &Pool<Self>, count: i64, seconds: i64);
    async fn forget_all(pool: &Pool<Self>);
}

const EFFECTS: &str = "CREATE TABLE effects (number BIGINT NOT NULL)";

impl TestDatabase for Sqlite {
    type Keeper = tempfile::TempDir;

    async fn empty() -> (Pool<Self>, Self::Keeper) {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("shop.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
        (pool, directory)
    }

    async fn prepare(pool: &Pool<Self>) {
        tidings_sql::migrate(pool).await.unwrap();
        query(EFFECTS).execute(pool).await.unwrap();
    }

    async fn bus() -> (Bus, Option<Server>) {
        (Bus::in_memory(), None)
    }

    async fn write(tx: &mut Transaction<'_, Self>, number: i64) -> Result<(), sqlx::Error> {
        let write = query("INSERT INTO effects (number) VALUES (?)").bind(number);
        write.execute(&mut **tx).await.map(drop)
    }

    async fn written(pool: &Pool<Self>) -> Vec<i64> {
        let all = query_scalar("SELECT number FROM effects ORDER BY number").fetch_all(pool);
        all.await.unwrap()
    }

    async fn records(pool: &Pool<Self>) -> i64 {
        query_scalar("SELECT count(*) FROM tidings_inbox").fetch_one(pool).await.unwrap()
    }

    async fn forget_all(pool: &Pool<Self>) {
        query("DELETE FROM tidings_inbox").execute(pool).await.unwrap();
    }

    async fn age(pool: &Pool<Self>, count: i64, seconds: i64) {
        let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
                      INSERT INTO tidings_inbox SELECT 'c', 'S', i || '@' || i, unixepoch() - ? FROM n";
        query(insert).bind(count).bind(seconds).execute(pool).await.unwrap();
    }
}

impl TestDatabase for Postgres {
    type Keeper = tidings_tests::Postgres;

    async fn empty() -> (Pool<Self>, Self::Keeper) {
        let server = tidings_tests::Postgres::start().await;
        (PgPool::connect(&server.url()).await.unwrap(), server)
    }

    async fn prepare(pool: &Pool<Self>) {
        tidings_sql::migrate(pool).await.unwrap();
        query(EFFECTS).execute(pool).await.unwrap();
    }

    async fn bus() -> (Bus, Option<Server>) {
        let server = Server::start().await;
        (Bus::connect(server.url()).await.unwrap(), Some(server))
    }

    async fn write(tx: &mut Transaction<'_, Self>, number: i64) -> Result<(), sqlx::Error> {
        let write = query("INSERT INTO effects (number) VALUES ($1)").bind(number);
        write.execute(&mut **tx).await.map(drop)
    }

    async fn written(pool: &Pool<Self>) -> Vec<i64> {
        let all = query_scalar("SELECT number FROM effects ORDER BY number").fetch_all(pool);
        all.await.unwrap()
    }

    async fn records(pool: &Pool<Self>) -> i64 {
        query_scalar("SELECT count(*) FROM tidings_inbox").fetch_one(pool).await.unwrap()
    }

    async fn forget_all(pool: &Pool<Self>) {
        query("DELETE FROM tidings_inbox").execute(pool).await.unwrap();
    }

    async fn age(pool: &Pool<Self>, count: i64, seconds: i64) {
        let insert = "INSERT INTO tidings_inbox SELECT 'c', 'S', i || '@' || i, now() - $2 * interval '1 second' \
                      FROM generate_series(1, $1) AS i";
        query(insert).bind(count).bind(seconds).execute(pool).await.unwrap();
    }
}

impl<DB: TestDatabase> Stage<DB> {
    pub(crate) async fn new() -> Self {
        let ((pool, database), (bus, server)) = tokio::join!(DB::empty(), DB::bus());
        DB::prepare(&pool).await;
        bus.provision::<Orders>().await.unwrap();
        Self { pool, bus, _server: server, _database: database }
    }

    pub(crate) async fn inbox(&self) -> Inbox<DB> {
        Inbox::open(&self.pool).await.unwrap()
    }

    /// Contexts of what is delivered to a consumer, which are handled once they are told.
    pub(crate) async fn contexts(
        &self,
        registry: &str,
    ) -> (Running, mpsc::UnboundedReceiver<Context>) {
        let (sender, contexts) = mpsc::unbounded_channel();
        let handler = move |_order: OrderPlaced, cx: Context| {
            let told = sender.send(cx);
            async move { told.map_err(Failure::from) }
        };
        let registry = Registry::new(registry).handle::<OrderPlaced>(handler);
        (registry.start(&self.bus).await.unwrap(), contexts)
    }

    /// Publishes an order; gives the context of its delivery to a consumer of that registry.
    pub(crate) async fn delivered(&self, registry: &str, number: i64) -> Context {
        let (running, mut contexts) = self.contexts(registry).await;
        self.bus.publish(&OrderPlaced { number }).await.unwrap();
        let cx = tokio::time::timeout(SOON, contexts.recv()).await.unwrap().unwrap();
        running.shutdown().await;
        cx
    }

    /// Waits until those numbers are written, and no others.
    pub(crate) async fn wrote(&self, numbers: &[i64]) {
        eventually(SOON, format_args!("{numbers:?} are written"), || async {
            let written = DB::written(&self.pool).await;
            if written == numbers { Ok(()) } else { Err(written) }
        })
        .await;
    }
}
