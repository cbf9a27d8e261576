//! Figures, parked rows, and cleaning up.

use std::time::{Duration, SystemTime};

use sqlx::Pool;

use super::Argument::{self, Number, Text};
use super::{Backend, Database, Driver, Sealed, Statements};
use crate::outbox::{OutboxStatus, ParkedFilter, ParkedRecord};
use crate::row::kept_key;

/// Number of rows that one statement removes, so that nobody waits for it for long.
const AT_ONCE: i64 = 1000;

/// The table of an outbox, as it is looked after.
pub(crate) struct Manage<'a, Db: Database>(pub(crate) &'a Pool<Db>);

type Of<Db> = <Db as Sealed>::Backend;

impl<Db: Database> Manage<'_, Db> {
    const STATEMENTS: &'static Statements = <Of<Db> as Backend<Db>>::STATEMENTS;

    pub(crate) async fn status(&self) -> sqlx::Result<OutboxStatus> {
        let all = Self::STATEMENTS;
        let mut connection = self.0.acquire().await?;
        let pending = Of::<Db>::number(&mut connection, all.pending, &[]).await?;
        let oldest = Of::<Db>::number(&mut connection, all.oldest, &[]).await?;
        let parked = Of::<Db>::number(&mut connection, all.parked_count, &[]).await?;
        let bytes = Of::<Db>::number(&mut connection, all.bytes, &[]).await?;
        let count = |number: Option<i64>| number.unwrap_or_default().max(0).unsigned_abs();
        Ok(OutboxStatus {
            pending: count(pending),
            oldest: oldest.map(|age| Duration::from_millis(count(Some(age)))),
            parked: count(parked),
            bytes: count(bytes),
        })
    }

    /// Rows that are parked, from behind this id on.
    pub(crate) async fn parked(&self, after: i64, limit: u32) -> sqlx::Result<Vec<ParkedRecord>> {
        let arguments = [Number(after), Number(i64::from(limit))];
        let mut connection = self.0.acquire().await?;
        let rows = Of::<Db>::fetch(&mut connection, Self::STATEMENTS.parked, &arguments).await?;
        rows.iter().map(parked::<Db>).collect()
    }

    /// Lets parked rows be sent again, those of a key all together; gives their number.
    pub(crate) async fn retry(&self, filter: &ParkedFilter) -> sqlx::Result<u64> {
        let all = Self::STATEMENTS;
        let mut tx = Of::<Db>::begin(self.0).await?;
        let retried = match filter {
            ParkedFilter::All => let_go::<Db>(&mut tx, all.retry_all, &[]).await?,
            ParkedFilter::Key(key) => {
                let_go::<Db>(&mut tx, all.retry_key, &[Text(&kept_key(key))]).await?
            }
            ParkedFilter::Row(row) => {
                let key = Of::<Db>::text(&mut tx, all.key_of, &[Number(*row)]).await?;
                let Some(key) = key else { return Ok(0) };
                let_go::<Db>(&mut tx, all.retry_key, &[Text(&key)]).await?
            }
        };
        if retried > 0 {
            Of::<Db>::execute(&mut tx, all.count_retry, &[]).await?;
        }
        Self::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(retried)
    }

    /// Removes parked rows, and lets those go on that waited for them; gives the number of the removed.
    pub(crate) async fn purge(&self, filter: &ParkedFilter) -> sqlx::Result<u64> {
        let all = Self::STATEMENTS;
        let mut tx = Of::<Db>::begin(self.0).await?;
        let purged = match filter {
            ParkedFilter::All => Of::<Db>::execute(&mut tx, all.purge_all, &[]).await?,
            ParkedFilter::Key(key) => {
                Of::<Db>::execute(&mut tx, all.purge_key, &[Text(&kept_key(key))]).await?
            }
            ParkedFilter::Row(row) => {
                let key = Of::<Db>::text(&mut tx, all.purge_row, &[Number(*row)]).await?;
                let Some(key) = key else { return Ok(0) };
                // What waited behind it goes on; what can't be published either is parked again.
                let_go::<Db>(&mut tx, all.retry_key, &[Text(&key)]).await?;
                Of::<Db>::execute(&mut tx, all.count_retry, &[]).await?;
                1
            }
        };
        Self::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(purged)
    }

    /// Removes rows that were sent longer ago than this, some at a time; gives their number.
    pub(crate) async fn purge_sent(&self, age: Duration) -> sqlx::Result<u64> {
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX / 2);
        by_and_by::<Db>(self.0, Self::STATEMENTS.purge_sent, age).await
    }

    async fn wake(connection: &mut Db::Connection) -> sqlx::Result<()> {
        if let Some(wake) = Self::STATEMENTS.wake {
            Of::<Db>::fetch(connection, wake, &[]).await?;
        }
        Ok(())
    }
}

/// Lets parked rows go again, and those that relays parked behind them meanwhile; gives their number.
async fn let_go<Db: Database>(
    connection: &mut Db::Connection,
    statement: &'static str,
    arguments: &[Argument<'_>],
) -> sqlx::Result<u64> {
    let mut gone = 0;
    loop {
        match Of::<Db>::execute(connection, statement, arguments).await? {
            0 => return Ok(gone),
            some => gone += some,
        }
    }
}

/// Removes records of the inbox that are older than so many seconds, some at a time; gives their number.
pub(crate) async fn forget<Db: Database>(pool: &Pool<Db>, seconds: i64) -> sqlx::Result<u64> {
    by_and_by::<Db>(pool, <Of<Db> as Backend<Db>>::STATEMENTS.forget, seconds).await
}

/// Runs a statement that removes what is older until it finds no more.
async fn by_and_by<Db: Database>(
    pool: &Pool<Db>,
    statement: &'static str,
    age: i64,
) -> sqlx::Result<u64> {
    let mut removed = 0;
    loop {
        // The connection is given back in between: it may be the only one.
        let mut connection = pool.acquire().await?;
        let arguments = [Number(age), Number(AT_ONCE)];
        let some = Of::<Db>::execute(&mut connection, statement, &arguments).await?;
        removed += some;
        if some == 0 {
            return Ok(removed);
        }
    }
}

fn parked<Db: Database>(row: &Db::Row) -> sqlx::Result<ParkedRecord> {
    let number = |column| Ok(Of::<Db>::number_in(row, column)?.unwrap_or_default());
    let at: sqlx::Result<i64> = number(5);
    Ok(ParkedRecord {
        id: number(0)?,
        key: Of::<Db>::text_in(row, 1)?,
        subject: Of::<Db>::text_in(row, 2)?,
        stream: Of::<Db>::text_in(row, 3)?,
        message_id: Of::<Db>::text_in(row, 4)?,
        parked_at: SystemTime::UNIX_EPOCH + Duration::from_millis(at?.unsigned_abs()),
        reason: Of::<Db>::text_in(row, 6)?,
        behind: Of::<Db>::number_in(row, 7)?,
    })
}
