//! Statements of an inbox, in the language of each database.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use sqlx::Pool;

use super::key::Key;

/// The questions of an inbox to a database.
pub trait InboxBackend: sqlx::Database + Sized {
    /// Reads no row, and fails where a column is missing.
    fn probe_inbox(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Writes a record; says whether there was none.
    fn record(
        connection: &mut Self::Connection,
        key: &Key<'_>,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Deletes some of the records that are older than so many seconds, the oldest; gives their number.
    fn forget(
        pool: &Pool<Self>,
        seconds: i64,
        at_most: i64,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;
}
