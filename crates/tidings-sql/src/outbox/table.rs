//! The outbox's table without a bus: looked at and looked after, where nothing is published.

use std::fmt;
use std::time::Duration;

use sqlx::Pool;

use super::{OutboxStatus, PART, ParkedFilter, ParkedRecord};
use crate::database::{Database, Manage};
use crate::layout::{self, LayoutError};

/// The table of an outbox, for whoever looks after it and publishes nothing: it needs no bus.
///
/// A cheap clone.
pub struct OutboxTable<Db: Database> {
    pool: Pool<Db>,
}

impl<Db: Database> Clone for OutboxTable<Db> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone() }
    }
}

impl<Db: Database> fmt::Debug for OutboxTable<Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxTable").field("database", &Db::NAME).finish_non_exhaustive()
    }
}

impl<Db: Database> OutboxTable<Db> {
    /// Opens the table, which [`migrate`](crate::migrate) makes.
    ///
    /// # Errors
    /// [`LayoutError`] if it is missing, or not the one that this version knows; it names the migration.
    pub async fn open(pool: &Pool<Db>) -> Result<Self, LayoutError> {
        layout::check::<Db>(pool, PART).await?;
        Ok(Self { pool: pool.clone() })
    }

    /// Reads the figures, as [`Outbox::status`](crate::Outbox::status) does.
    ///
    /// # Errors
    /// That of the database.
    pub async fn status(&self) -> sqlx::Result<OutboxStatus> {
        Manage(&self.pool).status().await
    }

    /// Reads parked events, as [`Outbox::parked`](crate::Outbox::parked) does.
    ///
    /// # Errors
    /// That of the database.
    pub async fn parked(&self, after: i64, limit: u32) -> sqlx::Result<Vec<ParkedRecord>> {
        Manage(&self.pool).parked(after, limit).await
    }

    /// Lets parked events be published again, as [`Outbox::retry`](crate::Outbox::retry) does; gives their number.
    ///
    /// # Errors
    /// That of the database.
    pub async fn retry(&self, filter: &ParkedFilter) -> sqlx::Result<u64> {
        Manage(&self.pool).retry(filter).await
    }

    /// Removes parked events, as [`Outbox::purge`](crate::Outbox::purge) does; gives their number.
    ///
    /// # Errors
    /// That of the database.
    pub async fn purge(&self, filter: &ParkedFilter) -> sqlx::Result<u64> {
        Manage(&self.pool).purge(filter).await
    }

    /// Removes events that were published longer ago, as [`Outbox::purge_sent`](crate::Outbox::purge_sent) does; gives their
    /// number.
    ///
    /// # Errors
    /// That of the database; those before it are removed.
    pub async fn purge_sent(&self, age: Duration) -> sqlx::Result<u64> {
        Manage(&self.pool).purge_sent(age).await
    }
}
