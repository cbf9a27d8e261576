//! The databases there are, and what is asked of each.

mod driver;
mod manage;
mod statements;

pub(crate) use driver::{Argument, Driver};
pub(crate) use manage::{Manage, forget};
pub(crate) use statements::Statements;

use std::time::Duration;

use sqlx::{Pool, Transaction};

use crate::layout::Migration;
use crate::row::{Cursor, NewRow, QueuedRow};

/// A database that can hold an outbox and an inbox: [`sqlx::Postgres`] or [`sqlx::Sqlite`]. No other type can be one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't hold an outbox",
    label = "not a database of Tidings",
    note = "`sqlx::Sqlite` can with the feature `sqlite` of `tidings-sql`, `sqlx::Postgres` with `postgres`"
)]
pub trait Database: Sealed {}

/// A database that answers. All that is asked of it stands in another trait, so that a program in which `Database`
/// is in scope sees none of those names.
pub trait Sealed: sqlx::Database + Sized {
    #[doc(hidden)]
    type Backend: Backend<Self> + Driver<Self>;
}

/// The session of a relay in a database.
pub(crate) type SessionOf<Db> = <<Db as Sealed>::Backend as Backend<Db>>::Session;

/// The work of one kind of database. Rows go in and come out as data.
pub trait Backend<Db: sqlx::Database>: Sized {
    /// A relay's way to the database.
    type Session: Session;

    /// `true` if commits wake relays by themselves.
    const WAKES: bool;

    /// The files that make the tables, the first one first.
    const MIGRATIONS: &'static [Migration];

    /// The statements that are run in the same way in each.
    const STATEMENTS: &'static Statements;

    /// Number of rows that a statement changed.
    fn changed(result: &Db::QueryResult) -> u64;

    /// Begins a transaction in which it is known that rows can be written.
    fn begin(
        pool: &Pool<Db>,
    ) -> impl Future<Output = sqlx::Result<Transaction<'static, Db>>> + Send;

    /// Writes rows with one statement.
    fn insert(
        connection: &mut Db::Connection,
        rows: Vec<NewRow>,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Opens a relay's session.
    fn session(pool: &Pool<Db>) -> impl Future<Output = sqlx::Result<Self::Session>> + Send;
}

/// The way of one relay to the database.
pub trait Session: Send {
    /// Says that this relay is at work, as often as that is needed, and tells which part of the rows is its own.
    fn share(&mut self) -> impl Future<Output = sqlx::Result<Share>> + Send;

    /// The next rows to be sent behind a place, in the order of their commits. Whether that place [holds](Cursor::holds) is to
    /// be asked.
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

    /// Waits until rows may have come, or another relay has, for so long at most; says whether somebody woke it.
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

impl Share {
    /// The part of the one that stands at this place among so many.
    pub(crate) fn of(place: usize, relays: usize) -> Self {
        let of = |count: usize| i16::try_from(count).unwrap_or(i16::MAX);
        Self { place: of(place), relays: of(relays.max(1)) }
    }
}
