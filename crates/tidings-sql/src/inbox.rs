//! The inbox: what makes a redelivery have no second effect.

mod clean_up;
mod error;
mod key;

use std::fmt;
use std::time::Duration;

use sqlx::{Pool, Transaction};
use tidings::{Context, EventStream};

use crate::database::{Argument, Backend, Database, Driver as _};
use crate::layout::{self, LayoutError};

pub use clean_up::CleanUp;
pub use error::InboxError;
use key::{Key, KeyOptions};

/// Part of the tables.
pub(crate) const PART: &str = "inbox";

/// Time that a record outlives what its stream may redeliver.
const MARGIN: Duration = Duration::from_hours(24);

/// The state of a delivery in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a delivery that was handled before must not be handled again"]
pub enum Once {
    /// The message has had no effect yet: do the work, in the same transaction.
    First,
    /// The message was handled in a transaction that has committed: there is nothing left to do.
    Before,
}

impl Once {
    /// Returns `true` if the work is to be done.
    pub fn is_first(self) -> bool {
        self == Self::First
    }
}

/// A record of what was handled, kept in the transaction of the handler's own writes: either both are there or
/// neither, and so a message has its effect once, however often and to whichever instance it is delivered.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod example {
/// # use sqlx::Sqlite;
/// # use tidings::prelude::*;
/// # use tidings_sql::Inbox;
/// # #[derive(Debug, EventStream)]
/// # #[stream(name = "ORDERS", subjects("orders.>"))]
/// # struct Orders;
/// # #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "orders.placed", stream = Orders)]
/// # struct OrderPlaced { number: i64 }
/// async fn ship(inbox: &Inbox<Sqlite>, order: OrderPlaced, cx: Context) -> Result<(), Failure> {
///     let mut tx = inbox.begin().await?;
///     if inbox.once(&mut tx, &cx).await?.is_first() {
///         sqlx::query("INSERT INTO shipments (number) VALUES (?)")
///             .bind(order.number)
///             .execute(&mut *tx)
///             .await?;
///         tx.commit().await?;
///     }
///     Ok(())
/// }
/// # }
/// # fn main() {}
/// ```
///
/// A message is known by the durable consumer that delivers it and by its [origin](Context::origin): stream, sequence and the
/// time at which it was stored, so that one of a stream that was deleted and made again is another. One that a redrive
/// put back is still the one that it was: its handler did not commit, and does so now; or it did, and there is nothing left
/// to do. Two services that share a database, each with a consumer of its own, have each their effect.
///
/// Two deliveries at the same time wait for each other: the second one sees what became of the first.
///
/// A cheap clone.
pub struct Inbox<Db: Database> {
    pool: Pool<Db>,
    key: KeyOptions,
    keep: Keep,
}

/// Time for which records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// Unsaid so far: for ever.
    Unsaid,
    /// Kept for ever, since a stream that keeps all may redeliver for ever.
    Ever,
    For(Duration),
}

impl<Db: Database> Clone for Inbox<Db> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), key: self.key, keep: self.keep }
    }
}

impl<Db: Database> fmt::Debug for Inbox<Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("database", &Db::NAME)
            .field("key", &self.key)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

impl<Db: Database> Inbox<Db> {
    /// Opens the inbox of a database, whose table [`migrate`](crate::migrate) makes.
    ///
    /// # Errors
    /// [`LayoutError`] if it is missing, or not the one that this version knows; it names the migration.
    pub async fn open(pool: &Pool<Db>) -> Result<Self, LayoutError> {
        layout::check::<Db>(pool, PART).await?;
        Ok(Self { pool: pool.clone(), key: KeyOptions::default(), keep: Keep::Unsaid })
    }

    /// Knows a message by its [id](Context::message_id) instead of its origin: what a program publishes again long after
    /// the stream's duplicate window has one effect, too. An id that is used again for something else has none.
    #[must_use]
    pub fn by_message_id(mut self) -> Self {
        self.key.by_message_id = true;
        self
    }

    /// Lets each [redrive](tidings::DeadLetters::redrive) have its effect once more, also of a message whose handler has
    /// committed before it was put aside. Its follow-ups stay the events that they were: their ids are those of the first time.
    #[must_use]
    pub fn redriven_again(mut self) -> Self {
        self.key.redriven_again = true;
        self
    }

    /// Forgets records that are older, whenever it [cleans up](Self::clean_up). Without it they are kept for ever.
    ///
    /// A message that comes again after that time has its effect again: it must be longer than its stream may redeliver it,
    /// and than its letter may be redriven. [`keep_as`](Self::keep_as) knows the first.
    #[must_use]
    pub fn keep_for(mut self, time: Duration) -> Self {
        self.keep = Keep::For(time);
        self
    }

    /// Forgets records a day after a stream of this type lets go of its messages by age. Of several streams the
    /// longest counts: with one that keeps its messages however old they are, records are kept for ever.
    #[must_use]
    pub fn keep_as<S: EventStream>(mut self) -> Self {
        let longer = S::config().max_age.map(|age| age.saturating_add(MARGIN));
        self.keep = match (self.keep, longer) {
            (Keep::Ever, _) | (_, None) => Keep::Ever,
            (Keep::Unsaid, Some(longer)) => Keep::For(longer),
            (Keep::For(keep), Some(longer)) => Keep::For(keep.max(longer)),
        };
        self
    }

    /// Begins a transaction that may write: on SQLite with `BEGIN IMMEDIATE`, which waits for other writers now, since one that
    /// has read can't wait for them any more.
    ///
    /// # Errors
    /// [`InboxError::Busy`] where another writer does not end within the connection's busy timeout (5 s, if nothing else
    /// is said), and [`InboxError::Database`].
    ///
    /// # Cancel safety
    /// A transaction that was begun is rolled back.
    pub async fn begin(&self) -> Result<Transaction<'static, Db>, InboxError> {
        Ok(Db::Backend::begin(&self.pool).await?)
    }

    /// Records within the transaction that the message is handled, and says whether it was before.
    ///
    /// Do the work in the same transaction and commit it, and only then return: what was recorded counts from the commit on.
    /// Any error of it is a reason to try again, which `?` in a handler says.
    ///
    /// # Errors
    /// [`InboxError`]; the transaction is then to be rolled back, as dropping it does.
    ///
    /// # Cancel safety
    /// Nothing is recorded unless the transaction is committed.
    pub async fn once(
        &self,
        tx: &mut Transaction<'_, Db>,
        cx: &Context,
    ) -> Result<Once, InboxError> {
        let key = Key::of(cx, self.key)?;
        let record = <Db::Backend as Backend<Db>>::STATEMENTS.record;
        let of = [key.consumer, key.stream, &key.message].map(Argument::Text);
        let recorded = Db::Backend::execute(tx, record, &of).await?;
        Ok(if recorded > 0 { Once::First } else { Once::Before })
    }
}
