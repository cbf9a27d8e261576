//! The outbox: events that are written with the rows that they are about.

mod enqueue;
mod error;
mod parked;
mod status;
mod table;
mod wake;

pub use enqueue::{Enqueue, EnqueueAll, Enqueued};
pub use error::OutboxError;
pub use parked::{ParkedFilter, ParkedRecord};
pub use status::OutboxStatus;
pub use table::OutboxTable;
pub(crate) use wake::follow_ups;

use std::fmt;
use std::sync::Arc;

use sqlx::{Pool, Transaction};
use tidings::{Bus, Record, StreamEvent};
use tokio::sync::watch;

use crate::database::{Backend as _, Database};
use crate::layout::{self, LayoutError};
use crate::relay::Relay;

/// Part of the tables.
pub(crate) const PART: &str = "outbox";

/// The outbox of a database: events that are published once the transaction that wrote them has committed.
///
/// [`publish`](Self::publish) writes an event in a transaction of yours, as it will be sent: encoded, checked,
/// and with its id. A [`Relay`], in this program or another one, publishes it after the commit.
///
/// A cheap clone.
pub struct Outbox<Db: Database> {
    bus: Bus,
    pool: Pool<Db>,
    /// Wakes the relays of this program.
    wake: Arc<watch::Sender<()>>,
}

impl<Db: Database> Clone for Outbox<Db> {
    fn clone(&self) -> Self {
        Self { bus: self.bus.clone(), pool: self.pool.clone(), wake: Arc::clone(&self.wake) }
    }
}

impl<Db: Database> fmt::Debug for Outbox<Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("database", &Db::NAME).finish_non_exhaustive()
    }
}

impl<Db: Database> Outbox<Db> {
    /// Opens the outbox of a database, whose tables [`migrate`](crate::migrate) makes.
    ///
    /// # Errors
    /// [`LayoutError`] if they are missing, or not those that this version knows; it names the migration.
    pub async fn open(bus: &Bus, pool: &Pool<Db>) -> Result<Self, LayoutError> {
        layout::check::<Db>(pool, PART).await?;
        Ok(Self { bus: bus.clone(), pool: pool.clone(), wake: Arc::default() })
    }

    /// Begins a transaction for rows and events. On SQLite it takes the right to write at once
    /// (`BEGIN IMMEDIATE`): a transaction that reads first and writes then may be refused with
    /// `SQLITE_BUSY`, however long it would wait.
    ///
    /// # Errors
    /// That of the database, such as that no connection came free.
    pub async fn begin(&self) -> sqlx::Result<Transaction<'static, Db>> {
        Db::Backend::begin(&self.pool).await
    }

    /// Writes an event in this transaction: it is published if that commits. Await it, or first give it a
    /// [`key`](Enqueue::key).
    ///
    /// The event is encoded here, and its id is fixed. One that is larger than the server takes is refused.
    ///
    /// # Errors
    /// Awaited, [`OutboxError`]. Roll the transaction back then: on PostgreSQL it can do nothing else.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the event is in the transaction.
    pub fn publish<'a, 'c, E: StreamEvent>(
        &'a self,
        tx: &'a mut Transaction<'c, Db>,
        event: &E,
    ) -> Enqueue<'a, 'c, Db> {
        Enqueue::new(
            tx,
            Some(&self.wake),
            self.bus.message(event).record().map_err(OutboxError::from),
        )
    }

    /// Writes many events in this transaction, with one statement.
    ///
    /// # Errors
    /// Awaited, [`OutboxError`]; none of them is written then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the events are in the transaction.
    pub fn publish_all<'a, 'c, E: StreamEvent>(
        &'a self,
        tx: &'a mut Transaction<'c, Db>,
        events: impl IntoIterator<Item = E>,
    ) -> EnqueueAll<'a, 'c, Db> {
        let records = events.into_iter().map(|event| self.bus.message(&event).record());
        EnqueueAll::new(
            tx,
            Some(&self.wake),
            records.collect::<Result<_, _>>().map_err(OutboxError::from),
        )
    }

    /// Writes many events in this transaction, with one statement, and gives each a key of its own, as
    /// [`Enqueue::key`].
    ///
    /// # Errors
    /// Awaited, [`OutboxError`]; none of them is written then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the events are in the transaction.
    pub fn publish_all_by<'a, 'c, E: StreamEvent, K: Into<String>>(
        &'a self,
        tx: &'a mut Transaction<'c, Db>,
        events: impl IntoIterator<Item = E>,
        key: impl FnMut(&E) -> K,
    ) -> EnqueueAll<'a, 'c, Db> {
        let record = |event: &E| self.bus.message(event).record();
        EnqueueAll::keyed(tx, Some(&self.wake), events, key, record)
    }

    /// Writes a record in this transaction: what [`Draft::record`](tidings::Draft::record) makes, an event
    /// with options or that of a handler.
    ///
    /// # Errors
    /// Awaited, [`OutboxError`], also for a record that no stream keeps, or that expects something of its
    /// stream.
    pub fn publish_record<'a, 'c>(
        &'a self,
        tx: &'a mut Transaction<'c, Db>,
        record: Record,
    ) -> Enqueue<'a, 'c, Db> {
        let (size, limit) = (record.size(), self.bus.max_payload());
        Enqueue::new(
            tx,
            Some(&self.wake),
            if size > limit {
                Err(OutboxError::TooLarge { subject: record.subject().to_owned(), size, limit })
            } else {
                Ok(record)
            },
        )
    }

    /// Wakes the relays that this program runs on this outbox. Commits of PostgreSQL wake every relay by
    /// themselves; on SQLite a relay looks for new rows in intervals, and this spares the wait.
    pub fn wake(&self) {
        self.wake.send_replace(());
    }

    /// A relay, which publishes what was committed.
    pub fn relay(&self) -> Relay<Db> {
        Relay::new(self.clone())
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    pub(crate) fn pool(&self) -> &Pool<Db> {
        &self.pool
    }

    pub(crate) fn woken(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }
}
