//! The shop's rows, in whichever database it has.

use sqlx::{Pool, Postgres, Sqlite, Transaction, query, query_scalar};
use tidings_sql::Database;
use uuid::Uuid;

/// A database that the shop can stand on. The statements are the same for both.
pub trait Store: Database {
    /// Makes the shop's own tables, where they are missing.
    fn create(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Writes an order; says whether it is new.
    fn place(
        tx: &mut Transaction<'_, Self>,
        order: Uuid,
        cents: i64,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Writes a bill.
    fn bill(
        tx: &mut Transaction<'_, Self>,
        order: Uuid,
        cents: i64,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Number of bills of an order.
    fn bills(pool: &Pool<Self>, order: Uuid) -> impl Future<Output = sqlx::Result<i64>> + Send;
}

const ORDERS: &str =
    "CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, cents BIGINT NOT NULL)";
// Nothing but the inbox keeps a bill from being written twice.
const BILLS: &str =
    "CREATE TABLE IF NOT EXISTS bills (order_id TEXT NOT NULL, cents BIGINT NOT NULL)";

macro_rules! store {
    ($($database:ty),*) => {$(
        impl Store for $database {
            async fn create(pool: &Pool<Self>) -> sqlx::Result<()> {
                query(ORDERS).execute(pool).await?;
                query(BILLS).execute(pool).await?;
                Ok(())
            }

            async fn place(
                tx: &mut Transaction<'_, Self>,
                order: Uuid,
                cents: i64,
            ) -> sqlx::Result<bool> {
                let place = "INSERT INTO orders (id, cents) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                let placed = query(place).bind(order.to_string()).bind(cents);
                Ok(placed.execute(&mut **tx).await?.rows_affected() > 0)
            }

            async fn bill(
                tx: &mut Transaction<'_, Self>,
                order: Uuid,
                cents: i64,
            ) -> sqlx::Result<()> {
                let bill = "INSERT INTO bills (order_id, cents) VALUES ($1, $2)";
                query(bill).bind(order.to_string()).bind(cents).execute(&mut **tx).await?;
                Ok(())
            }

            async fn bills(pool: &Pool<Self>, order: Uuid) -> sqlx::Result<i64> {
                let count = "SELECT count(*) FROM bills WHERE order_id = $1";
                query_scalar(count).bind(order.to_string()).fetch_one(pool).await
            }
        }
    )*};
}

store!(Postgres, Sqlite);
