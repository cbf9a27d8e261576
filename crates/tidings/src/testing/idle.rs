//! Waiting until nothing is in flight or scheduled.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::operation::{Ending, Operation, RecordedOperation};
use super::recorder::State;
use super::unfinished::{NotIdleError, Unfinished};
use super::{TestBus, delayed};
use crate::backoff::Backoff;
use crate::message::versions;
use crate::transport::{Fault, Transport};

/// Limits of [`TestBus::wait_idle`]: the time on tokio's clock, that on the wall's, which a test
/// does not pause, and the attempts at one message.
const TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
const WALL_CLOCK_TIMEOUT: Duration = Duration::from_secs(30);
const MOST_ATTEMPTS: u64 = 1000;
/// The first and the longest pause between two looks where nothing happens here. In memory next to
/// nothing changes then.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const MOST_PAUSE: Duration = Duration::from_secs(1);
const MOST_PAUSE_IN_MEMORY: Duration = Duration::from_secs(60);
/// Time that a server has to count a message that it has confirmed as one to be delivered.
const COUNTED_WITHIN: Duration = Duration::from_millis(500);

impl TestBus {
    /// Waits until nothing is in flight or scheduled: no publish and no request under way, no
    /// handler at work, and nothing that a handler on this bus would still get, now or after a
    /// delay.
    ///
    /// It waits for 24 h on tokio's clock, for 30 s on the wall's, or until one message is retried
    /// for the thousandth time, whichever is first: with the clock paused
    /// (`#[tokio::test(start_paused = true)]`) a day passes at once.
    ///
    /// A handler that watches a bucket has been told of all that it has; what expires later is not waited for.
    /// Messages that a test takes by hand, with `subscribe` or `consume`, are not waited for, and no watch of a
    /// bucket that no registry has.
    ///
    /// # Errors
    /// [`NotIdleError`], with what is left.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn wait_idle(&self) -> Result<(), NotIdleError> {
        self.idle_by(TIMEOUT, WALL_CLOCK_TIMEOUT, MOST_ATTEMPTS).await
    }

    /// Waits as [`wait_idle`](Self::wait_idle) does, for this long on tokio's clock and with no other
    /// bound.
    ///
    /// # Errors
    /// [`NotIdleError`], with what is left.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn wait_idle_within(&self, timeout: Duration) -> Result<(), NotIdleError> {
        self.idle_by(timeout, Duration::MAX, u64::MAX).await
    }

    /// The former name of [`TestBus::wait_idle`].
    ///
    /// # Errors
    /// As [`TestBus::wait_idle`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    #[deprecated(note = "use `TestBus::wait_idle`")]
    pub async fn settle(&self) -> Result<(), NotIdleError> {
        self.wait_idle().await
    }

    /// The former name of [`TestBus::wait_idle_within`].
    ///
    /// # Errors
    /// As [`TestBus::wait_idle_within`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    #[deprecated(note = "use `TestBus::wait_idle_within`")]
    pub async fn settle_within(&self, timeout: Duration) -> Result<(), NotIdleError> {
        self.wait_idle_within(timeout).await
    }

    async fn idle_by(
        &self,
        timeout: Duration,
        wall: Duration,
        attempts: u64,
    ) -> Result<(), NotIdleError> {
        let (begun, wall_begun) = (Instant::now(), std::time::Instant::now());
        // What can't be reckoned with is for as long as anybody waits.
        let deadline = begun.checked_add(timeout).unwrap_or(begun + TIMEOUT * 10_000);
        let mut looks = 0;
        let longest = match self.bus().link().transport {
            Transport::Nats(_) => MOST_PAUSE,
            Transport::Memory(_) => MOST_PAUSE_IN_MEMORY,
        };
        loop {
            let version = self.recorder().version();
            let look_until = deadline.min(Instant::now() + WALL_CLOCK_TIMEOUT);
            let left = match timeout_at(look_until, self.look(version)).await {
                Ok(left) => left.map_err(|fault| NotIdleError::Server(fault.into()))?,
                Err(_) => self.recorder().state().routes(),
            };
            // What happened meanwhile may have been missed by the look.
            if left.is_empty() && self.recorder().version() == version {
                return Ok(());
            }
            let over = Instant::now() >= deadline || wall_begun.elapsed() >= wall;
            if over || self.recorder().state().attempts() >= attempts {
                let left = self.recorder().state().with_errors(left);
                return Err(NotIdleError::Left { waited: begun.elapsed(), left });
            }
            let pause = Backoff::new(FIRST_PAUSE, longest).after(looks + 1);
            let next = Instant::now() + pause.min(wall.saturating_sub(wall_begun.elapsed()));
            tokio::select! {
                biased;
                () = self.recorder().changed(version) => looks = 0,
                () = tokio::time::sleep_until(deadline.min(next)) => {
                    looks += 1;
                }
            }
        }
    }

    /// Looks for what is left, as far as one look shows: where something is under way here, nothing
    /// else is asked for.
    async fn look(&self, version: u64) -> Result<Vec<Unfinished>, Fault> {
        let left = self.recorder().state().unfinished();
        if !left.is_empty() {
            return Ok(left);
        }
        let transport = &self.bus().link().transport;
        // What was published is at its subscriptions after this; then each has had a look at it.
        transport.barrier(WALL_CLOCK_TIMEOUT).await?;
        tokio::select! {
            biased;
            () = self.recorder().call() => {}
            () = self.recorder().changed(version) => return Ok(self.recorder().state().routes()),
        }
        let consumers: BTreeSet<(&'static str, String)> = {
            let state = self.recorder().state();
            state.listeners.values().filter_map(|listener| listener.durable.clone()).collect()
        };
        let published = self.recorder().state().delayed();
        let mut left = delayed::left(transport, published).await?;
        for (stream, consumer) in consumers {
            let found = transport.consumer_state(stream, &consumer).await?;
            let mut pending = found.pending;
            if pending == 0 && found.ack_pending == 0 && matches!(transport, Transport::Nats(_)) {
                pending = self.recorder().state().uncounted(stream, &consumer);
            }
            if pending > 0 || found.ack_pending > 0 {
                let (stream, unsettled) = (stream.to_owned(), found.ack_pending);
                left.push(Unfinished::Consumer {
                    stream,
                    consumer,
                    pending,
                    unsettled,
                    last_error: None,
                });
            }
        }
        Ok(left)
    }
}

impl State {
    /// Lists what is under way here.
    fn unfinished(&self) -> Vec<Unfinished> {
        let entries = self.in_flight.iter().filter_map(|index| self.entries.get(*index));
        let unfinished = entries.map(|entry| {
            let (message, subject) = (entry.name(), entry.subject.to_string());
            let since = entry.begun.elapsed();
            match entry.operation {
                Operation::Handle => {
                    Unfinished::Handler { message, subject, attempt: entry.attempt(), since }
                }
                Operation::Publish | Operation::Ask => {
                    Unfinished::Sending { message, subject, since }
                }
            }
        });
        unfinished.collect()
    }

    /// The routes that listen to core subscriptions.
    fn routes(&self) -> Vec<Unfinished> {
        let core = self.listeners.values().filter(|listener| listener.durable.is_none());
        core.map(|listener| Unfinished::Route { message: listener.route.clone() }).collect()
    }

    /// Number of the attempt that was retried last.
    fn attempts(&self) -> u64 {
        self.last_retried
            .and_then(|index| self.entries.get(index))
            .map_or(0, RecordedOperation::attempt)
    }

    /// Adds the errors of what is retried to what is left.
    fn with_errors(&self, mut left: Vec<Unfinished>) -> Vec<Unfinished> {
        for unfinished in &mut left {
            if let Unfinished::Consumer { stream, consumer, last_error, .. } = unfinished {
                *last_error = self.entries.iter().rev().find_map(|entry| {
                    let (Ending::Retried { error, .. }, Some(receipt)) =
                        (&entry.end, &entry.receipt)
                    else {
                        return None;
                    };
                    let is = *receipt.stream == **stream && *receipt.consumer == **consumer;
                    is.then(|| error.clone())
                });
            }
        }
        left
    }

    /// Number of messages that were stored a moment ago, and that this consumer must deliver and
    /// has not brought here: a server counts them a little later than it confirms them.
    fn uncounted(&self, stream: &str, consumer: &str) -> u64 {
        let of_consumer = |listener: &&super::recorder::Attendance| {
            listener.durable.as_ref().is_some_and(|(s, c)| *s == stream && c == consumer)
        };
        let declarations: Vec<_> = self
            .listeners
            .values()
            .filter(of_consumer)
            .flat_map(|listener| versions(listener.declarations))
            .collect();
        let recent = self.entries.iter().rev().take_while(|e| e.begun.elapsed() < COUNTED_WITHIN);
        let (mut stored, mut brought) = (BTreeSet::new(), BTreeSet::new());
        for entry in recent {
            match (&entry.end, &entry.receipt) {
                (Ending::Published(Some(ack)), _)
                    if ack.stream == stream && !ack.duplicate && entry.schedule.is_none() =>
                {
                    let subject = entry.subject.as_str();
                    if declarations.iter().any(|d| tidings_subject::matches(d.filter, subject)) {
                        stored.insert(ack.sequence);
                    }
                }
                (_, Some(receipt))
                    if &*receipt.stream == stream && &*receipt.consumer == consumer =>
                {
                    brought.insert(receipt.sequence);
                }
                _ => {}
            }
        }
        stored.difference(&brought).count() as u64
    }
}
