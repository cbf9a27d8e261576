//! Figures of an outbox.

use std::time::Duration;

use super::Outbox;
use crate::database::{Database, Manage};

/// Figures of an outbox, for all relays together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxStatus {
    /// Number of events that wait to be published. More than a million are a million.
    pub pending: u64,
    /// Time since the oldest of them was written, by the database's clock; `None` if none waits.
    pub oldest: Option<Duration>,
    /// Number of events that can't be published, or wait behind such a one.
    pub parked: u64,
    /// Size of the outbox in the database with its indexes, in bytes.
    pub bytes: u64,
}

impl<Db: Database> Outbox<Db> {
    /// Reads the figures of the outbox.
    ///
    /// # Errors
    /// That of the database.
    pub async fn status(&self) -> sqlx::Result<OutboxStatus> {
        Manage(self.pool()).status().await
    }
}
