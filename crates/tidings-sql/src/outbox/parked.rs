//! Events that can't be published: seen, tried again, and removed.

use std::time::{Duration, SystemTime};

use super::Outbox;
use crate::database::{Database, Manage};

/// An event that can't be published, or that waits behind such a one of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedRecord {
    /// Row of the event in the outbox.
    pub id: i64,
    /// Key of the event.
    pub key: String,
    /// Subject of the event.
    pub subject: String,
    /// The stream that is to keep it.
    pub stream: String,
    /// `Nats-Msg-Id` of the event.
    pub message_id: String,
    /// Time at which it was parked.
    pub parked_at: SystemTime,
    /// Reason why it can't be published; empty where it waits behind another one.
    pub reason: String,
    /// The row of its key that it waits for.
    pub behind: Option<i64>,
}

/// Selection of parked events.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParkedFilter {
    /// Every parked event.
    All,
    /// Parked events of a key.
    Key(String),
    /// The parked event of this row, and with `retry` all of its key.
    Row(i64),
}

impl<Db: Database> Outbox<Db> {
    /// Reads up to `limit` parked events whose row is behind `after`; 0 begins with the first.
    ///
    /// # Errors
    /// That of the database.
    pub async fn parked(&self, after: i64, limit: u32) -> sqlx::Result<Vec<ParkedRecord>> {
        Manage(self.pool()).parked(after, limit).await
    }

    /// Lets parked events be published again, and gives their number. Those of a key go together, in their
    /// order, whichever of them is meant.
    ///
    /// # Errors
    /// That of the database.
    pub async fn retry(&self, filter: &ParkedFilter) -> sqlx::Result<u64> {
        let retried = Manage(self.pool()).retry(filter).await?;
        self.wake();
        Ok(retried)
    }

    /// Removes parked events, which are never published then, and gives their number. What waited behind one
    /// that is gone is published.
    ///
    /// # Errors
    /// That of the database.
    pub async fn purge(&self, filter: &ParkedFilter) -> sqlx::Result<u64> {
        let purged = Manage(self.pool()).purge(filter).await?;
        self.wake();
        Ok(purged)
    }

    /// Removes events that were published longer ago than `age`, where the relay
    /// [keeps them](crate::Relay::keep_sent), and gives their number. Each statement removes a thousand of
    /// them.
    ///
    /// # Errors
    /// That of the database; those before it are removed.
    pub async fn purge_sent(&self, age: Duration) -> sqlx::Result<u64> {
        Manage(self.pool()).purge_sent(age).await
    }
}
