//! A database and a [`tidings`] bus that agree: events are written in the transaction of the rows that they
//! are about, and published once that has committed.
//!
//! A service that writes a row and publishes an event loses one of the two sooner or later: it ends between
//! the two, or one of them fails. With an [`Outbox`] both are one transaction. A [`Relay`] publishes what was
//! committed, in the order of the commits for each key, and with the same message id however often it tries.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # mod example {
//! use sqlx::sqlite::SqlitePoolOptions;
//! use tidings::prelude::*;
//! use tidings_sql::Outbox;
//!
//! #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
//! #[event(subject = "orders.created", stream = Orders)]
//! struct OrderCreated { #[event(id)] order: i64 }
//!
//! #[derive(EventStream)]
//! #[stream(name = "ORDERS", subjects("orders.>"))]
//! struct Orders;
//!
//! # pub async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = Bus::in_memory();
//! bus.provision::<Orders>().await?;
//! let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
//! sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)").execute(&pool).await?;
//! tidings_sql::migrate(&pool).await?;
//!
//! let outbox = Outbox::open(&bus, &pool).await?;
//! let relay = outbox.relay().start();
//!
//! let mut tx = outbox.begin().await?;
//! sqlx::query("INSERT INTO orders (id) VALUES (7)").execute(&mut *tx).await?;
//! outbox.publish(&mut tx, &OrderCreated { order: 7 }).await?;
//! tx.commit().await?;
//!
//! let mut orders = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await?;
//! assert_eq!(orders.next().await.ok_or("the bus is closed")??.order, 7);
//! relay.shutdown().await;
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> { example::run().await }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! An [`Inbox`] is the other end: it records in the transaction of a handler's writes that its message is handled, so that
//! a redelivery has no second effect, and [`cx.outbox`](OutboxContext::outbox) writes the handler's follow-ups there too. The
//! [`guide`] shows both, and says what exactly once means.
//!
//! # Databases
//!
//! | feature | default | gives |
//! | --- | --- | --- |
//! | `sqlite` | yes | SQLite, which is built in; in memory too, for tests |
//! | `postgres` | no | PostgreSQL 13 or newer |
//! | `metrics` | no | figures of the outbox for the recorder of the crate `metrics` |
//!
//! Both may be on. The database is a type: an outbox of one takes no transaction of the other.
//!
#![cfg_attr(
    all(feature = "sqlite", feature = "postgres"),
    doc = r#"
```compile_fail,E0308
# use tidings::prelude::*;
# #[derive(EventStream)]
# #[stream(name = "ORDERS", subjects("orders.>"))]
# struct Orders;
# #[derive(Serialize, Deserialize, JsonSchema, Event)]
# #[event(subject = "orders.created", stream = Orders)]
# struct OrderCreated { order: i64 }
use sqlx::{Postgres, Sqlite, Transaction};
use tidings_sql::Outbox;

async fn place(outbox: &Outbox<Postgres>, tx: &mut Transaction<'_, Sqlite>) {
    outbox.publish(tx, &OrderCreated { order: 7 }).await.ok();
}
```

Nor does an inbox:

```compile_fail,E0308
# use tidings::prelude::*;
use sqlx::{Postgres, Sqlite, Transaction};
use tidings_sql::Inbox;

async fn ship(inbox: &Inbox<Sqlite>, tx: &mut Transaction<'_, Postgres>, cx: Context) {
    inbox.once(tx, &cx).await.ok();
}
```
"#
)]

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
compile_error!("tidings-sql needs a database: switch on its feature `sqlite` or `postgres`");

mod database;
mod follow_up;
pub mod guide;
mod inbox;
mod layout;
mod outbox;
#[cfg(feature = "postgres")]
mod postgres;
mod relay;
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use database::Database;
pub use follow_up::{FollowUps, OutboxContext};
pub use inbox::{CleanUp, Inbox, InboxError, Once};
pub use layout::{LayoutError, migrate};
pub use outbox::{
    Enqueue, EnqueueAll, Enqueued, Outbox, OutboxError, OutboxStatus, OutboxTable, ParkedFilter,
    ParkedRecord,
};
pub use relay::{OutboxThresholds, Relay, RelayStatus, RunningRelay};
