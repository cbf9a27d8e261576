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
use super::publish::{self, Outbound};
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
            let Err(error) = self.session().await else { break };
            tracing::warn!(%error, "the outbox's relay begins again");
            self.fail(error.to_string());
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
        let (mut after, mut begun) = (Cursor::default(), Instant::now());
        let mut rows = Vec::new();
        let mut read = Instant::now();
        let mut flights = Flights::default();
        let mut done: Vec<i64> = Vec::new();
        loop {
            let now = session.share().await?;
            #[cfg(feature = "metrics")]
            self.record(now).await?;
            if now != share {
                (share, after) = (now, Cursor::default());
                rows.clear();
            }
            if self.stop.is_cancelled() {
                rows.clear();
            }
            if rows.is_empty() {
                // What is on its way stands among those that are read now, unless these are behind it.
                if !self.land(session, &mut flights, 0, &mut done).await? {
                    after = Cursor::default();
                }
                self.finish(session, &mut done).await?;
                if self.stop.is_cancelled() {
                    return Ok(());
                }
                read = Instant::now();
                rows = self.read(session, share, after).await?;
                if rows.is_empty() && after == Cursor::default() {
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
                    Cursor::default()
                }
            };
            self.measure(&rows);
            let sorting = self.sort(session, std::mem::take(&mut rows), read, &mut done);
            let sorted = flights.beside(sorting).await?;
            let waits = flights.have_key_of(&sorted);
            if waits && !self.land(session, &mut flights, 0, &mut done).await? {
                after = Cursor::default();
                continue;
            }
            self.send(&mut flights, sorted);
            if after != Cursor::default() {
                // The next ones are read, and the last ones removed, while these are on their way.
                let next_read = Instant::now();
                let between = async {
                    self.finish(session, &mut done).await?;
                    self.read(session, share, after).await
                };
                (rows, read) = (flights.beside(between).await?, next_read);
                if !self.land(session, &mut flights, Flights::MOST - 1, &mut done).await? {
                    after = Cursor::default();
                    rows.clear();
                }
            }
        }
    }

    /// Sends records, of which no key is on its way.
    fn send(&self, flights: &mut Flights, records: Vec<Outbound>) {
        if records.is_empty() {
            return;
        }
        let (bus, relaxed) = (self.outbox.bus().clone(), self.options.relaxed);
        let allows_atomic = self.looks.allow_atomic(&records);
        flights.add(records, |records| {
            Box::pin(async move {
                if relaxed {
                    publish::pipelined(&bus, records).await
                } else {
                    publish::in_order(&bus, records, allows_atomic).await
                }
            })
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
    async fn record(&mut self, share: Share) -> sqlx::Result<()> {
        if self.figures.are_due(self.state.status()) && share.place == 0 {
            super::figures::record(&self.outbox.status().await?);
        }
        Ok(())
    }

    async fn finish(&self, session: &mut SessionOf<Db>, done: &mut Vec<i64>) -> sqlx::Result<()> {
        if !done.is_empty() {
            session.finish(done, self.options.keep).await?;
            done.clear();
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
        session.next(share, after, &self.holds.waiting(), limit).await
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
        Ok(())
    }
}
