//! A relay's connection, which reads and writes rows and hears of commits.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use sqlx::pool::CloseEvent;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Acquire as _, Executor as _, PgPool};
use tokio::time::{Instant, timeout};

use super::PostgresBackend;
use super::low_water::LowWater;
use super::share::{Round, Sharing};
use super::statement;
use crate::database::{Driver as _, Session, Share};
use crate::row::{Cursor, QueuedRow};

/// Channel on which commits are told.
const CHANNEL: &str = "tidings_outbox";
/// Notification that parked rows were let go again.
const RETRY: &str = "retry";

/// Settings of the connection. What is lost of its writes in a crash is sent again, and known again by its id.
/// Its few statements are planned once, whatever their arguments and the table's size, and follow the indexes: only so
/// is what they pass of removed rows passed once. A program's machine that vanishes is missed after some seconds.
const SETTINGS: &str = "SET synchronous_commit TO off; SET plan_cache_mode TO force_generic_plan; SET jit TO off; \
    SET enable_seqscan TO off; SET enable_bitmapscan TO off; SET enable_sort TO off; \
    SET tcp_keepalives_idle TO 5; SET tcp_keepalives_interval TO 2; SET tcp_keepalives_count TO 3";

/// Time that a relay has to say that it ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// Average length of ranges of rows that are removed by their ends, and not one by one.
const LONG: usize = 4;

/// A relay's connection.
pub struct PostgresSession {
    /// Pool of the connection alone, which goes back to nobody.
    own: PgPool,
    listener: PgListener,
    sharing: Sharing,
    low_water: LowWater,
    /// `true` if commits were told while it was at something else.
    woken: bool,
    /// The program's pool is closed.
    closed: CloseEvent,
}

impl fmt::Debug for PostgresSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSession").field("sharing", &self.sharing).finish_non_exhaustive()
    }
}

impl PostgresSession {
    pub(super) async fn open(pool: &PgPool) -> sqlx::Result<Self> {
        if pool.is_closed() {
            return Err(sqlx::Error::PoolClosed);
        }
        // With the program's own settings of a connection, and beside those of its pool.
        let options: PgPoolOptions = pool.options().clone();
        let options = options.min_connections(0).max_connections(1).test_before_acquire(false);
        let options = options.idle_timeout(None).max_lifetime(None);
        let own = options.connect_lazy_with(pool.connect_options().as_ref().clone());
        let mut listener = PgListener::connect_with(&own).await?;
        // A lost connection is told: then everything is begun again.
        listener.eager_reconnect(false);
        listener.execute(SETTINGS).await?;
        listener.listen(CHANNEL).await?;
        let sharing = Sharing::join(listener.acquire().await?).await?;
        let (low_water, closed) = (LowWater::new(), pool.close_event());
        Ok(Self { own, listener, sharing, low_water, woken: false, closed })
    }

    #[cfg(test)]
    pub(super) fn low_water(&mut self) -> &mut LowWater {
        &mut self.low_water
    }

    /// Takes in what was told while it was at something else.
    fn hear(&mut self) {
        while let Some(told) = self.listener.next_buffered() {
            self.woken = true;
            self.hear_of(told.payload());
        }
    }

    fn hear_of(&mut self, payload: &str) {
        self.sharing.hear(payload);
        if payload == RETRY {
            self.low_water.forget();
        }
    }

    async fn read(
        &mut self,
        share: Share,
        after: Cursor,
        without: &[String],
        limit: i64,
    ) -> sqlx::Result<Vec<QueuedRow>> {
        let next = sqlx::query(statement::NEXT)
            .bind(after.position)
            .bind(after.id)
            .bind(share.relays)
            .bind(share.place)
            .bind(without)
            .bind(limit);
        let rows = next.fetch_all(&mut self.listener).await?;
        rows.iter().map(PostgresBackend::queued).collect()
    }

    /// Waits for a notification, until this instant at most; `false` if there was none.
    async fn listen(&mut self, until: Instant) -> sqlx::Result<bool> {
        let most = until.saturating_duration_since(Instant::now());
        let Self { listener, closed, .. } = self;
        let told = tokio::select! {
            told = timeout(most, listener.try_recv()) => told,
            () = closed => return Err(sqlx::Error::PoolClosed),
        };
        match told {
            Ok(Ok(Some(told))) => {
                self.hear_of(told.payload());
                Ok(true)
            }
            // Notifications of a lost connection are lost.
            Ok(Ok(None)) => Err(sqlx::Error::WorkerCrashed),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

impl Session for PostgresSession {
    async fn share(&mut self) -> sqlx::Result<Share> {
        self.hear();
        match self.sharing.round() {
            Round::Rest => {}
            Round::Probe(other) => {
                let probe = sqlx::query_scalar(statement::PROBE_RELAY).bind(other);
                if probe.fetch_one(&mut self.listener).await? {
                    self.sharing.count(self.listener.acquire().await?, true).await?;
                }
            }
            Round::Count => self.sharing.count(self.listener.acquire().await?, false).await?,
        }
        Ok(self.sharing.share())
    }

    async fn next(
        &mut self,
        share: Share,
        after: Cursor,
        without: &[String],
        limit: i64,
    ) -> sqlx::Result<Vec<QueuedRow>> {
        if after != Cursor::START {
            return self.read(share, after, without, limit).await;
        }
        let mut mark = self.low_water.begin(self.listener.acquire().await?, share).await?;
        let mut begun = Instant::now();
        let mut rows = self.read(share, mark, without, limit).await?;
        if !mark.holds(&rows) {
            self.low_water.forget();
            (mark, begun) = (Cursor::START, Instant::now());
            rows = self.read(share, mark, without, limit).await?;
        }
        if mark == Cursor::START {
            self.low_water.read_whole(begun.elapsed());
        }
        self.low_water.rise(&rows, without.is_empty());
        Ok(rows)
    }

    async fn finish(&mut self, rows: &[i64], keep: bool) -> sqlx::Result<()> {
        self.low_water.removed(rows.len());
        let (first, last) = ranges(rows);
        let finish = if keep {
            sqlx::query(statement::MARK).bind(rows)
        } else if first.len() * LONG <= rows.len() {
            sqlx::query(statement::DELETE_RANGES).bind(first).bind(last)
        } else {
            sqlx::query(statement::DELETE).bind(rows)
        };
        finish.execute(&mut self.listener).await.map(drop)
    }

    async fn park(&mut self, row: i64, reason: &str) -> sqlx::Result<()> {
        let park = sqlx::query(statement::PARK).bind(row).bind(reason);
        park.execute(&mut self.listener).await.map(drop)
    }

    async fn park_behind(&mut self, rows: &[(i64, i64)]) -> sqlx::Result<()> {
        // Each first one by itself: whoever lets many go again waits for no two at a time.
        let mut behind: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (row, first) in rows {
            behind.entry(*first).or_default().push(*row);
        }
        for (first, rows) in behind {
            let park = sqlx::query(statement::PARK_BEHIND).bind(rows).bind(first);
            park.execute(&mut self.listener).await?;
        }
        Ok(())
    }

    async fn wait(&mut self, most: Duration) -> sqlx::Result<bool> {
        let end = Instant::now() + most;
        loop {
            self.hear();
            if std::mem::take(&mut self.woken) {
                return Ok(true);
            }
            let share = self.sharing.share();
            if self.share().await? != share {
                return Ok(true);
            }
            // What was told with the answer is seen first.
            if self.woken {
                continue;
            }
            let until = self.sharing.next_round().min(end);
            if self.listen(until).await? {
                self.woken = true;
            } else if until == end {
                return Ok(false);
            }
        }
    }

    async fn close(self) {
        let Self { own, listener, sharing, .. } = self;
        let mut listener = listener;
        // The lock ends with the connection, and the others need not miss it. One that is lost would be waited for.
        let leave = timeout(FAREWELL, async {
            if let Ok(connection) = listener.acquire().await {
                let _ = sharing.leave(connection).await;
            }
            drop(listener);
            own.close().await;
        });
        let _ = leave.await;
    }
}

/// First and last of each range of numbers that follow each other.
fn ranges(numbers: &[i64]) -> (Vec<i64>, Vec<i64>) {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let (mut first, mut last): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    for number in sorted {
        match last.last_mut() {
            Some(end) if number <= end.saturating_add(1) => *end = number,
            _ => {
                first.push(number);
                last.push(number);
            }
        }
    }
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_no_number_that_is_not_given() {
        assert_eq!(ranges(&[7, 3, 1, 2, 9, 8, 2]), (vec![1, 7], vec![3, 9]));
        assert_eq!(ranges(&[5]), (vec![5], vec![5]));
        assert_eq!(
            ranges(&[i64::MAX, i64::MIN]),
            (vec![i64::MIN, i64::MAX], vec![i64::MIN, i64::MAX])
        );
        assert_eq!(ranges(&[]), (vec![], vec![]));
    }
}
