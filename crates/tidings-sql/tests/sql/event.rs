//! Events of the tests, and what each of them runs in.

use std::fmt::Debug;
use std::time::Duration;

use sqlx::Pool;
#[cfg(feature = "sqlite")]
use tempfile::TempDir;
use tidings::prelude::*;
use tidings_sql::{Database, Outbox};

/// Time in which what has to happen happens, on a busy machine too.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Everything that happens to an order.
#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
pub(crate) struct Orders;

/// A customer placed an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders)]
pub(crate) struct OrderCreated {
    #[event(id)]
    pub(crate) order: i64,
    pub(crate) region: String,
    pub(crate) note: String,
}

pub(crate) fn order(order: i64) -> OrderCreated {
    OrderCreated { order, region: "eu".to_owned(), note: String::new() }
}

/// A bus, and a database with the tables.
pub(crate) struct Env<Db: sqlx::Database> {
    pub(crate) bus: Bus,
    pub(crate) pool: Pool<Db>,
    /// Values that have to live as long.
    _held: Box<dyn Debug + Send>,
}

#[cfg(feature = "sqlite")]
impl Env<sqlx::Sqlite> {
    /// SQLite in a file, and the bus in this process.
    pub(crate) async fn sqlite() -> Self {
        use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
        let folder = TempDir::new().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("outbox.db"))
            .create_if_missing(true)
            .busy_timeout(SOON)
            .journal_mode(SqliteJournalMode::Wal);
        let pool =
            SqlitePoolOptions::new().max_connections(16).connect_with(options).await.unwrap();
        Self::of(Bus::in_memory(), pool, folder).await
    }
}

#[cfg(feature = "postgres")]
impl Env<sqlx::Postgres> {
    /// PostgreSQL and a nats-server.
    pub(crate) async fn postgres() -> Self {
        Self::postgres_with("").await
    }

    pub(crate) async fn postgres_with(config: &str) -> Self {
        let postgres = tidings_tests::Postgres::with_config(config).await;
        let server = tidings_tests::Server::start().await;
        let bus = Bus::connect(server.url()).await.unwrap();
        let options = sqlx::postgres::PgPoolOptions::new().max_connections(30);
        let pool = options.connect(&postgres.url()).await.unwrap();
        Self::of(bus, pool, (postgres, server)).await
    }
}

impl<Db: Database> Env<Db> {
    async fn of(bus: Bus, pool: Pool<Db>, held: impl Debug + Send + 'static) -> Self {
        bus.provision::<Orders>().await.unwrap();
        tidings_sql::migrate(&pool).await.unwrap();
        Self { bus, pool, _held: Box::new(held) }
    }

    pub(crate) async fn outbox(&self) -> Outbox<Db> {
        Outbox::open(&self.bus, &self.pool).await.unwrap()
    }

    /// The first orders, as the stream has them.
    pub(crate) async fn stored(&self, count: usize) -> Vec<i64> {
        let mut replay = self.bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
        let mut orders = Vec::new();
        for _ in 0..count {
            let next = tokio::time::timeout(SOON, replay.next()).await;
            orders.push(next.expect("it is stored in time").unwrap().unwrap().order);
        }
        orders
    }
}

/// Runs each of these on every database.
macro_rules! each_database {
    ($($scenario:ident),+ $(,)?) => {
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(
                #[tokio::test]
                async fn $scenario() {
                    super::$scenario(crate::event::Env::sqlite().await).await;
                }
            )+
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(
                #[tokio::test]
                async fn $scenario() {
                    super::$scenario(crate::event::Env::postgres().await).await;
                }
            )+
        }
    };
}
pub(crate) use each_database;
