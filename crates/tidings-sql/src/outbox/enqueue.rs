//! Writing events in a transaction.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use sqlx::Transaction;
use tidings::{PublishError, Record};
use tokio::sync::watch;

use super::OutboxError;
use super::wake::announce;
use crate::database::{Backend as _, Database};
use crate::row::NewRow;

/// An event that was written in a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enqueued {
    /// The `Nats-Msg-Id` with which it will be published.
    pub message_id: String,
}

/// An event to be written in a transaction, made by [`Outbox::publish`](crate::Outbox::publish): await it.
#[must_use = "await it to write the event"]
pub struct Enqueue<'a, 'c, Db: Database> {
    tx: &'a mut Transaction<'c, Db>,
    /// Relays of this program that wait; `None` where they are not known.
    wake: Option<&'a watch::Sender<()>>,
    record: Result<Record, OutboxError>,
    key: Option<String>,
}

impl<'a, 'c, Db: Database> Enqueue<'a, 'c, Db> {
    pub(crate) fn new(
        tx: &'a mut Transaction<'c, Db>,
        wake: Option<&'a watch::Sender<()>>,
        record: Result<Record, OutboxError>,
    ) -> Self {
        Self { tx, wake, record, key: None }
    }

    /// Sets the key whose events are published in the order of their commits; without one it is the event's
    /// subject. Events of different keys wait for nothing of each other.
    ///
    /// Commits of one key wait for each other, for as long as a commit takes: an order's number is a better
    /// key than a subject that all orders have. One of more than 1,024 bytes is kept as its digest.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    async fn write(self) -> Result<Enqueued, OutboxError> {
        let Self { tx, wake, record, key } = self;
        let row = row_of(&record?, key.as_deref())?;
        let message_id = row.message_id.clone();
        Db::Backend::insert(tx, vec![row]).await?;
        announce::<Db>(wake);
        Ok(Enqueued { message_id })
    }
}

/// Events to be written in a transaction, made by [`Outbox::publish_all`](crate::Outbox::publish_all): await
/// it.
#[must_use = "await it to write the events"]
pub struct EnqueueAll<'a, 'c, Db: Database> {
    tx: &'a mut Transaction<'c, Db>,
    wake: Option<&'a watch::Sender<()>>,
    records: Result<Vec<Record>, OutboxError>,
    keys: Keys,
}

/// Keys of many events.
#[derive(Debug)]
enum Keys {
    /// Keys of events by their subjects.
    Subjects,
    One(String),
    Each(Vec<String>),
}

impl<'a, 'c, Db: Database> EnqueueAll<'a, 'c, Db> {
    pub(crate) fn new(
        tx: &'a mut Transaction<'c, Db>,
        wake: Option<&'a watch::Sender<()>>,
        records: Result<Vec<Record>, OutboxError>,
    ) -> Self {
        Self { tx, wake, records, keys: Keys::Subjects }
    }

    /// Sets one key for all of them, as [`Enqueue::key`].
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.keys = Keys::One(key.into());
        self
    }

    /// Events with a key each.
    pub(crate) fn keyed<E, K: Into<String>>(
        tx: &'a mut Transaction<'c, Db>,
        wake: Option<&'a watch::Sender<()>>,
        events: impl IntoIterator<Item = E>,
        mut key: impl FnMut(&E) -> K,
        record: impl Fn(&E) -> Result<Record, PublishError>,
    ) -> Self {
        let (mut keys, mut records) = (Vec::new(), Vec::new());
        for event in events {
            keys.push(key(&event).into());
            records.push(record(&event));
        }
        let records = records.into_iter().collect::<Result<_, _>>().map_err(OutboxError::from);
        Self { tx, wake, records, keys: Keys::Each(keys) }
    }

    async fn write(self) -> Result<Vec<Enqueued>, OutboxError> {
        let Self { tx, wake, records, keys } = self;
        let records = records?;
        let rows: Result<Vec<_>, _> = match keys {
            Keys::Subjects => records.iter().map(|record| row_of(record, None)).collect(),
            Keys::One(key) => records.iter().map(|record| row_of(record, Some(&key))).collect(),
            Keys::Each(keys) => {
                let each = records.iter().zip(&keys);
                each.map(|(record, key)| row_of(record, Some(key))).collect()
            }
        };
        let rows = rows?;
        let ids = rows.iter().map(|row| Enqueued { message_id: row.message_id.clone() }).collect();
        if !rows.is_empty() {
            Db::Backend::insert(tx, rows).await?;
            announce::<Db>(wake);
        }
        Ok(ids)
    }
}

/// The row of a record that an outbox can hold.
fn row_of(record: &Record, key: Option<&str>) -> Result<NewRow, OutboxError> {
    let subject = || record.subject().to_owned();
    if record.has_expectation() {
        return Err(OutboxError::Expectation { subject: subject() });
    }
    NewRow::of(record, key).ok_or_else(|| OutboxError::NoStream { subject: subject() })
}

impl<'a, Db: Database> IntoFuture for Enqueue<'a, '_, Db> {
    type Output = Result<Enqueued, OutboxError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.write())
    }
}

impl<'a, Db: Database> IntoFuture for EnqueueAll<'a, '_, Db> {
    type Output = Result<Vec<Enqueued>, OutboxError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.write())
    }
}

impl<Db: Database> fmt::Debug for Enqueue<'_, '_, Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enqueue").field("record", &self.record).finish_non_exhaustive()
    }
}

impl<Db: Database> fmt::Debug for EnqueueAll<'_, '_, Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnqueueAll").field("records", &self.records).finish_non_exhaustive()
    }
}
