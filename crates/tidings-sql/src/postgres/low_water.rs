//! Low-water mark of a relay: no row that it has to send stands below, so its reads begin there.
//!
//! PostgreSQL keeps what was removed until a vacuum takes it out, and a read that begins at the first row passes all of
//! that in the index. Positions are given inside commits, and one may be seen later than those above it. So the mark rises
//! to a position only once every transaction has ended that was given that one or a lower one.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use super::statement;
use crate::database::Share;
use crate::row::{Cursor, QueuedRow};

/// Number of rows that this relay has removed after which the mark is worth a look.
const ROWS: usize = 500;
/// The shortest interval of two looks, and the longest one.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Interval at which a read begins at the first row whatever is known: rows that somebody changes by hand may stand below.
const WHOLE: Duration = Duration::from_secs(5);
/// Bound of the time for such reads: one part of so many. A transaction that is open for an hour keeps what was removed
/// since from being taken out: it has one part of so many of the time.
const WHOLE_PART: u32 = 100;

/// Knowledge of where the rows to be sent begin.
#[derive(Debug)]
pub(super) struct LowWater {
    mark: i64,
    /// The part of the rows for which the mark holds.
    share: Option<Share>,
    /// Number of times that parked rows were let go again, by the time of the last read from the mark.
    retries: i64,
    /// Position up to which every transaction that was given one has ended.
    ended: i64,
    /// A position, and transactions that may have been given it or a lower one.
    ending: Option<(i64, Vec<String>)>,
    /// Number of rows that were removed since the last look.
    removed: usize,
    looked: Option<Instant>,
    /// Time of the last read from the first row.
    whole: Instant,
    /// Interval until the next one.
    until_whole: Duration,
}

impl LowWater {
    pub(super) fn new() -> Self {
        Self {
            mark: 0,
            share: None,
            retries: 0,
            ended: 0,
            ending: None,
            removed: 0,
            looked: None,
            whole: Instant::now(),
            until_whole: WHOLE,
        }
    }

    /// Forgets the mark: rows may stand below.
    pub(super) fn forget(&mut self) {
        self.mark = 0;
        self.whole = Instant::now();
    }

    /// Counts rows that this relay has removed.
    pub(super) fn removed(&mut self, rows: usize) {
        self.removed += rows;
    }

    /// The place behind which a read of the first rows begins.
    pub(super) async fn begin(
        &mut self,
        connection: &mut PgConnection,
        share: Share,
    ) -> sqlx::Result<Cursor> {
        if self.share != Some(share) || self.whole.elapsed() >= self.until_whole {
            self.forget();
            self.share = Some(share);
        }
        if self.is_due() {
            (self.removed, self.looked) = (0, Some(Instant::now()));
            self.look(connection).await?;
        }
        Ok(match self.mark {
            0 => Cursor::START,
            position => Cursor { position, id: i64::MAX, retries: self.retries },
        })
    }

    fn is_due(&self) -> bool {
        let (shortest, longest) = LOOKS;
        self.looked
            .map(|at| at.elapsed())
            .is_none_or(|passed| passed >= longest || (passed >= shortest && self.removed >= ROWS))
    }

    /// Finds out up to which position all transactions have ended, as far as others may see their rows.
    async fn look(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let given = sqlx::query_scalar(statement::GIVEN).fetch_one(&mut *connection).await?;
        let Some(given): Option<i64> = given else { return Ok(()) };
        if given < self.ended {
            // Somebody has set the sequence back.
            (self.ended, self.ending) = (0, None);
            self.forget();
        }
        if given == self.ended {
            return Ok(());
        }
        // Whoever was given a position by now, and has not ended, is among them.
        let placing: Vec<String> =
            sqlx::query_scalar(statement::PLACING).fetch_all(connection).await?;
        match self.ending.take() {
            _ if placing.is_empty() => self.ended = given,
            Some((position, others)) if others.iter().any(|other| placing.contains(other)) => {
                self.ending = Some((position, others));
            }
            ended => {
                if let Some((position, _)) = ended {
                    self.ended = position;
                }
                self.ending = Some((given, placing));
            }
        }
        Ok(())
    }

    /// Takes in how long a read from the first row took.
    pub(super) fn read_whole(&mut self, took: Duration) {
        self.until_whole = WHOLE.max(took.saturating_mul(WHOLE_PART));
    }

    /// Takes in the rows of a read from the mark, and whether it left out none that are to be sent.
    pub(super) fn rise(&mut self, rows: &[QueuedRow], is_complete: bool) {
        let mut to = self.ended;
        if let Some(first) = rows.first() {
            self.retries = first.retries;
            to = to.min(first.position - 1);
        }
        if is_complete {
            self.mark = self.mark.max(to);
        }
    }
}

#[cfg(test)]
mod tests;
