//! The relay's work: read, send, remove, and wait.

mod settle;
mod sort;

use std::time::Duration;

use tidings::ListError;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Options;
use super::flight::Flights;
use super::hold::Holds;
use super::look::Looks;
use super::publish::{self, Manner, Outbound};
use super::state::State;
use super::wait::Wait;
use crate::database::{Backend, Database, Session, SessionOf, Share};
use crate::outbox::{Outbox, follow_ups};
use crate::row::{Cursor, QueuedRow};

/// Maximum number of bytes of payload that are read at a time, as far as the sizes of before tell.
const BYTES: usize = 8 << 20;
/// Number of rows that are read before any size is known.
const FIRST: usize = 128;
/// Time after which rows are read from the first one again, though those behind follow each other.
const AGAIN: Duration = Duration::from_secs(1);
/// The longest time between two looks where commits wake nobody.
const POLL: Duration = Duration::from_millis(100);

/// Time after which a relay that is stopped waits for no answer any more. A publish takes less until it is given up.
const LAST: Duration = Duration::from_secs(30);

/// Longest time that reading the outbox's figures may take.
#[cfg(feature = "metrics")]
const LOOK: Duration = Duration::from_secs(1);

/// Reason why a round ended early.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the outbox's database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("a stream can't be looked at: {0}")]
    Look(#[from] ListError),
}

/// A relay at work.
pub(super) struct Worker<Db: Database> {
    outbox: Outbox<Db>,
    options: Options,
    state: State,
    stop: CancellationToken,
    woken: watch::Receiver<()>,
    /// Wakes by those who do not know the outbox.
    followed: watch::Receiver<()>,
    holds: Holds,
    looks: Looks,
    /// Number of rows that are read at a time.
    limit: usize,
    /// Waits of a relay that nobody wakes.
    idle: Wait,
    /// Waits after something that is about no single event.
    trouble: Wait,
    /// `true` if the last round ended early, and nothing has gone well in the database since.
    ended_early: bool,
    #[cfg(feature = "metrics")]
    figures: super::figures::Figures,
}

impl<Db: Database> Worker<Db> {
    pub(super) fn new(
        outbox: Outbox<Db>,
        options: Options,
        state: State,
        stop: CancellationToken,
    ) -> Self {
        let wakes = <Db::Backend as Backend<Db>>::WAKES;
        let poll = options.poll.unwrap_or(if wakes { Duration::from_secs(1) } else { POLL });
        let first = if wakes { poll } else { Duration::from_millis(1) };
        Self {
            woken: outbox.woken(),
            followed: follow_ups(),
            limit: options.batch.min(FIRST),
            idle: Wait::new(first, poll),
            trouble: Wait::new(Duration::from_millis(50), Duration::from_secs(5)),
            ended_early: false,
            holds: Holds::default(),
            looks: Looks::default(),
            #[cfg(feature = "metrics")]
            figures: super::figures::Figures::new(),
            outbox,
            options,
            state,
            stop,
        }
    }

    /// Works until it is stopped.
    pub(super) async fn run(mut self) {
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            let late = async {
                stop.cancelled().await;
                tokio::time::sleep(LAST).await;
            };
            let ended = tokio::select! {
                ended = self.session() => ended,
                () = late => {
                    tracing::error!("the outbox's relay ends without an answer to what it has begun");
                    break;
                }
            };
            let Err(error) = ended else { break };
            tracing::warn!(%error, "the outbox's relay begins again");
            self.fail(error.to_string());
            self.ended_early = true;
            self.looks.not_removed();
            let wait = self.trouble.lengthen();
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
        self.state.change().running = false;
    }

    fn fail(&self, error: String) {
        self.state.change().error = Some(error);
    }

    /// The database has taken what it was told, or has nothing to be done.
    fn recovered(&mut self) {
        self.trouble.reset();
        if std::mem::take(&mut self.ended_early) && self.holds.is_empty() {
            self.state.change().error = None;
        }
    }

    async fn session(&mut self) -> Result<(), RoundError> {
        let stop = self.stop.clone();
        let mut session = tokio::select! {
            session = Db::Backend::session(self.outbox.pool()) => session?,
            () = stop.cancelled() => return Ok(()),
        };
        let ended = self.rounds(&mut session).await;
        session.close().await;
        ended
    }

    async fn rounds(&mut self, session: &mut SessionOf<Db>) -> Result<(), RoundError> {
        let mut share = session.share().await?;
        let (mut after, mut begun) = (Cursor::START, Instant::now());
        let mut rows = Vec::new();
        let mut read = Instant::now();
        let mut flights = Flights::default();
        let mut done: Vec<i64> = Vec::new();
        loop {
            let now = session.share().await?;
            #[cfg(feature = "metrics")]
            self.record(now).await;
            if now != share {
                (share, after) = (now, Cursor::START);
                rows.clear();
            }
            if self.stop.is_cancelled() {
                rows.clear();
            }
            if rows.is_empty() {
                // What is on its way stands among those that are read now, unless these are behind it.
                if !self.land(session, &mut flights, 0, &mut done).await? {
                    after = Cursor::START;
                }
                self.finish(session, &mut done).await?;
                if self.stop.is_cancelled() {
                    return Ok(());
                }
                read = Instant::now();
                rows = self.read(session, share, after).await?;
                if rows.is_empty() && after == Cursor::START {
                    self.looks.clear();
                    self.wait(session).await?;
                    continue;
                }
            }
            let is_full = rows.len() >= self.limit;
            after = match rows.last() {
                // What was committed meanwhile may stand before what was read.
                Some(last) if is_full && begun.elapsed() < AGAIN => last.cursor(),
                _ => {
                    begun = Instant::now();
                    Cursor::START
                }
            };
            self.measure(&rows);
            let sorting = self.sort(session, std::mem::take(&mut rows), read, &mut done);
            let sorted = flights.beside(sorting).await?;
            let looked = Instant::now();
            let waits = flights.have_key_of(&sorted);
            if waits && !self.land(session, &mut flights, 0, &mut done).await? {
                after = Cursor::START;
                continue;
            }
            self.send(&mut flights, sorted, looked);
            if after != Cursor::START {
                // The next ones are read, and the last ones removed, while these are on their way.
                let next_read = Instant::now();
                let between = async {
                    self.finish(session, &mut done).await?;
                    self.read(session, share, after).await
                };
                (rows, read) = (flights.beside(between).await?, next_read);
                if !self.land(session, &mut flights, Flights::MOST - 1, &mut done).await? {
                    after = Cursor::START;
                    rows.clear();
                }
            }
        }
    }

    /// Sends records, of which no key is on its way, and which were looked for at this time.
    fn send(&self, flights: &mut Flights, records: Vec<Outbound>, looked: Instant) {
        if records.is_empty() {
            return;
        }
        let bus = self.outbox.bus().clone();
        let time = self.looks.time_to_begin(&records);
        let manner = Manner {
            relaxed: self.options.relaxed,
            allows_atomic: self.looks.allow_atomic(&records),
            until: looked + time,
            time,
        };
        flights.add(records, |records| {
            Box::pin(async move { publish::send(&bus, records, manner).await })
        });
    }

    /// Waits until no more than so many batches are on their way, and deals with what became of the others; says whether
    /// all went well. If not, none is on its way any more.
    async fn land(
        &mut self,
        session: &mut SessionOf<Db>,
        flights: &mut Flights,
        most: usize,
        done: &mut Vec<i64>,
    ) -> sqlx::Result<bool> {
        while flights.len() > most {
            let outcomes = flights.land().await;
            if !self.settle(session, outcomes, done).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Records what it did, and how the outbox is, where it is the first of the relays.
    #[cfg(feature = "metrics")]
    async fn record(&mut self, share: Share) {
        if self.figures.are_due(self.state.status()) && share.place == 0 {
            let begun = Instant::now();
            // That takes a connection of the program's pool, which may have none left: events do not wait for it.
            match tokio::time::timeout(LOOK, self.outbox.status()).await {
                Ok(Ok(status)) => super::figures::record(&status),
                Ok(Err(error)) => tracing::debug!(%error, "the outbox's figures can't be read"),
                Err(_) => tracing::debug!("the outbox's figures take too long"),
            }
            self.figures.looked(begun.elapsed());
        }
    }

    async fn finish(
        &mut self,
        session: &mut SessionOf<Db>,
        done: &mut Vec<i64>,
    ) -> sqlx::Result<()> {
        if !done.is_empty() {
            session.finish(done, self.options.keep).await?;
            done.clear();
            self.looks.removed();
            self.recovered();
        }
        Ok(())
    }

    async fn read(
        &self,
        session: &mut SessionOf<Db>,
        share: Share,
        after: Cursor,
    ) -> sqlx::Result<Vec<QueuedRow>> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        // Behind a row that was read the first ones of held keys may be passed, also once these may be tried again.
        let without = if after == Cursor::START { self.holds.waiting() } else { self.holds.keys() };
        let rows = session.next(share, after, &without, limit).await?;
        Ok(if after.holds(&rows) { rows } else { Vec::new() })
    }

    /// Reads fewer rows at a time where they are large.
    fn measure(&mut self, rows: &[QueuedRow]) {
        let bytes: usize = rows.iter().map(|row| row.payload.len() + row.headers.len()).sum();
        let size = (bytes / rows.len().max(1)).max(1);
        self.limit = (BYTES / size).clamp(1, self.options.batch);
    }

    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Waits until there may be something to do.
    async fn wait(&mut self, session: &mut SessionOf<Db>) -> sqlx::Result<()> {
        let mut most = self.idle.lengthen();
        if let Some(next) = self.holds.next() {
            most = most.min(next);
        }
        tokio::select! {
            woken = session.wait(most) => {
                if woken? {
                    self.idle.reset();
                }
            }
            woken = self.woken.changed() => {
                self.idle.reset();
                if woken.is_err() {
                    // Nobody can wake it any more.
                    self.pause(most).await;
                }
            }
            // Its sender is never gone.
            _ = self.followed.changed() => self.idle.reset(),
            () = self.stop.cancelled() => {}
        }
        self.recovered();
        Ok(())
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
