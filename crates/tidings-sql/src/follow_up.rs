//! Follow-ups of a handler: events that are written in the transaction of what it does.

use std::fmt;

use sqlx::Transaction;
use tidings::{Context, StreamEvent};

use crate::database::Database;
use crate::outbox::{Enqueue, EnqueueAll, OutboxError};

/// The outbox of a handler's context, for follow-ups of its message, made by [`OutboxContext::outbox`].
#[must_use = "publish an event with it"]
pub struct FollowUps<'a, 'c, Db: Database> {
    cx: &'a Context,
    tx: &'a mut Transaction<'c, Db>,
}

/// The outbox of a handler's transaction.
///
/// With an [`Inbox`](crate::Inbox) in the same transaction a message is consumed, written about and followed up exactly once in
/// effect: what the handler wrote, its events, and that it was handled, are all there or none is.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod example {
/// # use sqlx::Sqlite;
/// # use tidings::prelude::*;
/// # use tidings_sql::{Inbox, OutboxContext as _};
/// # #[derive(Debug, EventStream)]
/// # #[stream(name = "ORDERS", subjects("orders.>"))]
/// # struct Orders;
/// # #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "orders.placed", stream = Orders)]
/// # struct OrderPlaced { number: i64 }
/// # #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "orders.billed", stream = Orders)]
/// # struct OrderBilled { number: i64 }
/// async fn bill(inbox: &Inbox<Sqlite>, order: OrderPlaced, cx: Context) -> Result<(), Failure> {
///     let mut tx = inbox.begin().await?;
///     if inbox.once(&mut tx, &cx).await?.is_first() {
///         sqlx::query("INSERT INTO bills (number) VALUES (?)")
///             .bind(order.number)
///             .execute(&mut *tx)
///             .await?;
///         cx.outbox(&mut tx).publish(&OrderBilled { number: order.number }).await?;
///         tx.commit().await?;
///     }
///     Ok(())
/// }
/// # }
/// # fn main() {}
/// ```
pub trait OutboxContext {
    /// Writes events in this transaction that a [`Relay`](crate::Relay) publishes once it has committed. They carry on what
    /// those carry that the context publishes itself: the [correlation](Context::correlation_id) of the message that is
    /// handled, its id as their [cause](Context::causation_id), and its trace.
    ///
    /// On SQLite, where no commit can be heard, this wakes every relay that this program runs on one: they look for the event
    /// more and more seldom until it is committed, so that it waits after the commit for about as long as that took, and
    /// for 100 ms at most. A program of its own looks every 100 ms.
    ///
    /// An event that declares no id has the one that the context makes of the message that is handled, the same in every run.
    fn outbox<'a, 'c, Db: Database>(
        &'a self,
        tx: &'a mut Transaction<'c, Db>,
    ) -> FollowUps<'a, 'c, Db>;
}

impl OutboxContext for Context {
    fn outbox<'a, 'c, Db: Database>(
        &'a self,
        tx: &'a mut Transaction<'c, Db>,
    ) -> FollowUps<'a, 'c, Db> {
        FollowUps { cx: self, tx }
    }
}

impl<'a, 'c, Db: Database> FollowUps<'a, 'c, Db> {
    /// Writes an event, as [`Outbox::publish`](crate::Outbox::publish) does.
    ///
    /// # Errors
    /// Awaited, [`OutboxError`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the event is in the transaction.
    pub fn publish<E: StreamEvent>(self, event: &E) -> Enqueue<'a, 'c, Db> {
        Enqueue::new(self.tx, None, self.cx.message(event).record().map_err(OutboxError::from))
    }

    /// Writes many events with one statement, as [`Outbox::publish_all`](crate::Outbox::publish_all) does.
    ///
    /// # Errors
    /// Awaited, [`OutboxError`]; none of them is written then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the events are in the transaction.
    pub fn publish_all<E: StreamEvent>(
        self,
        events: impl IntoIterator<Item = E>,
    ) -> EnqueueAll<'a, 'c, Db> {
        let records = events.into_iter().map(|event| self.cx.message(&event).record());
        let records = records.collect::<Result<_, _>>().map_err(OutboxError::from);
        EnqueueAll::new(self.tx, None, records)
    }

    /// Writes many events with one statement, each with a key of its own, as
    /// [`Outbox::publish_all_by`](crate::Outbox::publish_all_by) does.
    ///
    /// # Errors
    /// Awaited, [`OutboxError`]; none of them is written then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the events are in the transaction.
    pub fn publish_all_by<E: StreamEvent, K: Into<String>>(
        self,
        events: impl IntoIterator<Item = E>,
        key: impl FnMut(&E) -> K,
    ) -> EnqueueAll<'a, 'c, Db> {
        let record = |event: &E| self.cx.message(event).record();
        EnqueueAll::keyed(self.tx, None, events, key, record)
    }
}

impl<Db: Database> fmt::Debug for FollowUps<'_, '_, Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowUps").field("cx", &self.cx).finish_non_exhaustive()
    }
}
