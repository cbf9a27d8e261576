//! The shop's rows, in whichever database it has.

use sqlx::{Pool, Postgres, Sqlite, Transaction, query, query_scalar};
use tidings_sql::Database;
use uuid::Uuid;

/// A database that the shop can stand on. The statements are the same for both.
pub trait Store: Database {
    /// Makes the shop's own tables, where they are missing.
    fn create(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Writes an order, unless there is one with its id; says which.
    fn place(
        tx: &mut Transaction<'_, Self>,
        order: Uuid,
        cents: i64,
    ) -> impl Future<Output = sqlx::Result<Placed>> + Send;

    /// Writes a bill.
    fn bill(
        tx: &mut Transaction<'_, Self>,
        order: Uuid,
        cents: i64,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Number of bills of an order.
    fn bills(pool: &Pool<Self>, order: Uuid) -> impl Future<Output = sqlx::Result<i64>> + Send;
}

/// Outcome of placing an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is written.
    New,
    /// It was there already, the same.
    Before,
    /// Another one is there under its id, at this price.
    Otherwise(i64),
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
                for table in [ORDERS, BILLS] {
                    // Of two programs that begin at once PostgreSQL refuses one.
                    if query(table).execute(pool).await.is_err() {
                        query(table).execute(pool).await?;
                    }
                }
                Ok(())
            }

            async fn place(
                tx: &mut Transaction<'_, Self>,
                order: Uuid,
                cents: i64,
            ) -> sqlx::Result<Placed> {
                let place = "INSERT INTO orders (id, cents) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                let placed = query(place).bind(order.to_string()).bind(cents);
                if placed.execute(&mut **tx).await?.rows_affected() > 0 {
                    return Ok(Placed::New);
                }
                let price = query_scalar("SELECT cents FROM orders WHERE id = $1");
                let before: i64 = price.bind(order.to_string()).fetch_one(&mut **tx).await?;
                Ok(if before == cents { Placed::Before } else { Placed::Otherwise(before) })
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
