//! A relay's connection, which reads and writes rows and hears of commits.

use std::fmt;
use std::time::Duration;

use sqlx::pool::CloseEvent;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Acquire as _, Executor as _, PgPool};
use tokio::time::{Instant, timeout};

use super::PostgresBackend;
use super::share::{Round, Sharing};
use super::statement;
use crate::database::{Driver as _, Session, Share};
use crate::row::{Cursor, QueuedRow};

/// Channel on which commits are told.
const CHANNEL: &str = "tidings_outbox";

/// Settings of the connection. What is lost of its writes in a crash is sent again, and known again by its id.
/// Its few statements are planned once, whatever their arguments and the table's size, and follow the indexes: only so
/// is what they pass of removed rows passed once. A program's machine that vanishes is missed after some seconds.
const SETTINGS: &str = "SET synchronous_commit TO off; SET plan_cache_mode TO force_generic_plan; SET jit TO off; \
    SET enable_seqscan TO off; SET enable_bitmapscan TO off; SET enable_sort TO off; \
    SET tcp_keepalives_idle TO 5; SET tcp_keepalives_interval TO 2; SET tcp_keepalives_count TO 3";

/// A relay's connection.
pub struct PostgresSession {
    /// Of the connection alone, which goes back to nobody.
    own: PgPool,
    listener: PgListener,
    sharing: Sharing,
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
        Ok(Self { own, listener, sharing, woken: false, closed: pool.close_event() })
    }

    /// Takes in what was told while it was at something else.
    fn hear(&mut self) {
        while let Some(told) = self.listener.next_buffered() {
            self.woken = true;
            self.sharing.hear(told.payload());
        }
    }

    /// Waits for a notification, until this instant at most; `false` if there was none.
    async fn listen(&mut self, until: Instant) -> sqlx::Result<bool> {
        let most = until.saturating_duration_since(Instant::now());
        let Self { listener, sharing, closed, .. } = self;
        let told = tokio::select! {
            told = timeout(most, listener.try_recv()) => told,
            () = closed => return Err(sqlx::Error::PoolClosed),
        };
        match told {
            Ok(Ok(Some(told))) => {
                sharing.hear(told.payload());
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

    async fn finish(&mut self, rows: &[i64], keep: bool) -> sqlx::Result<()> {
        let statement = if keep { statement::MARK } else { statement::DELETE };
        sqlx::query(statement).bind(rows).execute(&mut self.listener).await.map(drop)
    }

    async fn park(&mut self, row: i64, reason: &str) -> sqlx::Result<()> {
        let park = sqlx::query(statement::PARK).bind(row).bind(reason);
        park.execute(&mut self.listener).await.map(drop)
    }

    async fn park_behind(&mut self, rows: &[(i64, i64)]) -> sqlx::Result<()> {
        let (ids, behind): (Vec<i64>, Vec<i64>) = rows.iter().copied().unzip();
        let park = sqlx::query(statement::PARK_BEHIND).bind(ids).bind(behind);
        park.execute(&mut self.listener).await.map(drop)
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
        // The lock ends with the connection, and the others need not miss it.
        if let Ok(connection) = listener.acquire().await {
            let _ = sharing.leave(connection).await;
        }
        drop(listener);
        own.close().await;
    }
}
