//! The databases there are, and what the outbox asks of each.

use std::time::Duration;

use sqlx::{Pool, Transaction};

use crate::inbox::InboxBackend;
use crate::layout::Migration;
use crate::outbox::{OutboxStatus, ParkedFilter, ParkedRecord};
use crate::row::{Cursor, NewRow, QueuedRow};

/// A database that can hold an outbox and an inbox: [`sqlx::Postgres`] or [`sqlx::Sqlite`]. No other type can be one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't hold an outbox",
    label = "not a database of Tidings",
    note = "`sqlx::Sqlite` can with the feature `sqlite` of `tidings-sql`, `sqlx::Postgres` with `postgres`"
)]
pub trait Database: Backend {}

impl<Db: Backend> Database for Db {}

/// The questions to a database. Rows go in and come out as data; each implementation keeps its statements.
pub trait Backend: InboxBackend {
    /// A relay's own connection.
    type Session: Session;

    /// `true` if commits wake relays by themselves.
    const WAKES: bool;

    /// The files that make the tables, the first one first.
    const MIGRATIONS: &'static [Migration];

    /// Begins a transaction in which it is known that rows can be written.
    fn begin(
        pool: &Pool<Self>,
    ) -> impl Future<Output = sqlx::Result<Transaction<'static, Self>>> + Send;

    /// Version of the layout of this part; `None` where there is none.
    fn layout(
        pool: &Pool<Self>,
        part: &str,
    ) -> impl Future<Output = sqlx::Result<Option<i32>>> + Send;

    /// Reads no row, and fails where a column is missing.
    fn probe(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Runs the migrations that are not done, one program at a time.
    fn migrate(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Writes rows with one statement.
    fn insert(
        connection: &mut Self::Connection,
        rows: Vec<NewRow>,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Opens a relay's session.
    fn session(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<Self::Session>> + Send;

    /// Figures of the outbox.
    fn status(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<OutboxStatus>> + Send;

    /// Rows that are parked, from behind this id on.
    fn parked(
        pool: &Pool<Self>,
        behind: i64,
        limit: i64,
    ) -> impl Future<Output = sqlx::Result<Vec<ParkedRecord>>> + Send;

    /// Lets parked rows be sent again, those of a key all together; gives their number.
    fn retry(
        pool: &Pool<Self>,
        filter: &ParkedFilter,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Removes parked rows, and lets those go on that waited for them; gives the number of the removed.
    fn purge(
        pool: &Pool<Self>,
        filter: &ParkedFilter,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Removes some of the rows that were sent longer ago than this; gives their number.
    fn purge_sent(
        pool: &Pool<Self>,
        age: Duration,
        limit: i64,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;
}

/// The connection of one relay.
pub trait Session: Send {
    /// Says that this relay is at work, and tells which part of the rows is its own.
    fn share(&mut self) -> impl Future<Output = sqlx::Result<Share>> + Send;

    /// The next rows to be sent, in the order of their commits.
    fn next(
        &mut self,
        share: Share,
        after: Cursor,
        without: &[String],
        limit: i64,
    ) -> impl Future<Output = sqlx::Result<Vec<QueuedRow>>> + Send;

    /// Removes rows that were sent, or marks them.
    fn finish(&mut self, rows: &[i64], keep: bool)
    -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Parks a row with the reason why it can't be sent.
    fn park(&mut self, row: i64, reason: &str) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Parks rows behind parked ones of their keys: pairs of a row and the one that it waits for.
    fn park_behind(&mut self, rows: &[(i64, i64)])
    -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Waits until rows may have come, for so long at most; says whether somebody woke it.
    fn wait(&mut self, most: Duration) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Ends it, so that others take its rows at once.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The part of the rows that a relay sends: those whose slot, divided by the number of relays, leaves its
/// place among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Place of this relay among those at work, from 0.
    pub(crate) place: i16,
    /// Number of relays at work.
    pub(crate) relays: i16,
}
