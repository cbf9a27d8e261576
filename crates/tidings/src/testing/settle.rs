//! Waiting until nothing is in flight or scheduled.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::TestBus;
use super::entry::{Deed, Ending};
use super::recorder::State;
use crate::transport::{Fault, Transport};

/// How long [`TestBus::settle`] waits: on tokio's clock, and on the wall's, which a test does not
/// pause.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
const WALL_PATIENCE: Duration = Duration::from_secs(30);
/// The first and the longest pause between two looks where nothing happens here.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const MOST_PAUSE: Duration = Duration::from_secs(1);
/// How long a server may take to count a message that it has confirmed as one to be delivered.
const COUNTED_WITHIN: Duration = Duration::from_millis(500);

/// Something is in flight or scheduled on a test's bus, and did not end in time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnsettledError {
    /// This is left.
    #[error("not settled within {waited:?}; what is left:{}", Lines(left))]
    Left {
        /// How long was waited, on tokio's clock.
        waited: Duration,
        /// What is left.
        left: Vec<Unfinished>,
    },
    /// The server does not say what is left.
    #[error("the server can't be asked what is left")]
    Server(#[source] Box<dyn Error + Send + Sync>),
}

/// What is in flight or scheduled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfinished {
    /// A handler works on a message, or the message waits for its turn.
    Handler {
        /// The message's wire name.
        message: String,
        /// Its subject.
        subject: String,
        /// Which delivery of it, from 1.
        attempt: u64,
        /// For how long, on tokio's clock.
        since: Duration,
    },
    /// A publish is not confirmed, or a request not answered.
    Sending {
        /// The message's wire name.
        message: String,
        /// Its subject.
        subject: String,
        /// For how long, on tokio's clock.
        since: Duration,
    },
    /// The durable consumer of a route has messages.
    Consumer {
        /// The stream.
        stream: String,
        /// The durable consumer.
        consumer: String,
        /// How many it has still to deliver for the first time.
        pending: u64,
        /// How many it has delivered that are not settled; they come again.
        unsettled: u64,
    },
    /// The route of a core event or a request may have messages that it has not taken yet.
    Route {
        /// The wire name of what it handles.
        message: String,
    },
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler { message, subject, attempt, since } => {
                write!(
                    f,
                    "the handler of `{message}` on {subject}, attempt {attempt}, for {since:?}"
                )
            }
            Self::Sending { message, subject, since } => {
                write!(f, "`{message}` on {subject} is being sent or asked, for {since:?}")
            }
            Self::Consumer { stream, consumer, pending, unsettled } => write!(
                f,
                "consumer `{consumer}` of stream `{stream}`: {pending} to deliver, {unsettled} delivered and not settled"
            ),
            Self::Route { message } => {
                write!(f, "the route of `{message}` may have messages that it has not taken")
            }
        }
    }
}

/// Each on a line of its own.
struct Lines<'a>(&'a [Unfinished]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|left| write!(f, "\n  {left}"))
    }
}

impl TestBus {
    /// Waits until nothing is in flight or scheduled: no publish and no request under way, no
    /// handler at work, and nothing that a handler on this bus would still get, now or after a
    /// delay.
    ///
    /// It waits for 24 h on tokio's clock, and for 30 s on the wall's, whichever ends first: with
    /// the clock paused (`#[tokio::test(start_paused = true)]`) a day passes at once.
    ///
    /// Messages that a test takes by hand, with `subscribe` or `consume`, are not waited for.
    ///
    /// # Errors
    /// [`UnsettledError`], with what is left.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn settle(&self) -> Result<(), UnsettledError> {
        self.settled(PATIENCE, Some(WALL_PATIENCE)).await
    }

    /// The same, for this long on tokio's clock.
    ///
    /// # Errors
    /// [`UnsettledError`], with what is left.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn settle_within(&self, patience: Duration) -> Result<(), UnsettledError> {
        self.settled(patience, None).await
    }

    async fn settled(
        &self,
        patience: Duration,
        wall: Option<Duration>,
    ) -> Result<(), UnsettledError> {
        let (begun, wall_begun) = (Instant::now(), std::time::Instant::now());
        let deadline = begun + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let version = self.recorder().version();
            let left = match timeout_at(deadline, self.look(version)).await {
                Ok(left) => left.map_err(|fault| UnsettledError::Server(fault.into()))?,
                Err(_) => self.recorder().state().routes(),
            };
            // What happened meanwhile may have been missed by the look.
            if left.is_empty() && self.recorder().version() == version {
                return Ok(());
            }
            let impatient = wall.is_some_and(|wall| wall_begun.elapsed() >= wall);
            if impatient || Instant::now() >= deadline {
                return Err(UnsettledError::Left { waited: begun.elapsed(), left });
            }
            tokio::select! {
                biased;
                () = self.recorder().changed(version) => pause = FIRST_PAUSE,
                () = tokio::time::sleep_until(deadline.min(Instant::now() + pause)) => {
                    pause = (pause * 2).min(MOST_PAUSE);
                }
            }
        }
    }

    /// What is left, as far as one look shows: where something is under way here, nothing else is
    /// asked for.
    async fn look(&self, version: u64) -> Result<Vec<Unfinished>, Fault> {
        let left = self.recorder().state().unfinished();
        if !left.is_empty() {
            return Ok(left);
        }
        let transport = &self.bus().link().transport;
        // What was published is at its subscriptions after this; then each has had a look at it.
        transport.barrier(WALL_PATIENCE).await?;
        tokio::select! {
            biased;
            () = self.recorder().call() => {}
            () = self.recorder().changed(version) => return Ok(self.recorder().state().routes()),
        }
        let consumers: BTreeSet<(&'static str, String)> = {
            let state = self.recorder().state();
            state.listeners.values().filter_map(|listener| listener.durable.clone()).collect()
        };
        let mut left = Vec::new();
        for (stream, consumer) in consumers {
            let found = transport.consumer_state(stream, &consumer).await?;
            let mut pending = found.pending;
            if pending == 0 && found.ack_pending == 0 && matches!(transport, Transport::Nats(_)) {
                pending = self.recorder().state().uncounted(stream, &consumer);
            }
            if pending > 0 || found.ack_pending > 0 {
                let (stream, unsettled) = (stream.to_owned(), found.ack_pending);
                left.push(Unfinished::Consumer { stream, consumer, pending, unsettled });
            }
        }
        Ok(left)
    }
}

impl State {
    /// What is under way here.
    fn unfinished(&self) -> Vec<Unfinished> {
        let entries = self.underway.iter().filter_map(|place| self.entries.get(*place));
        let unfinished = entries.map(|entry| {
            let names: Vec<_> = entry.declarations.iter().map(|d| d.name).collect();
            let (message, subject) = (names.join("|"), entry.subject.to_string());
            let since = entry.begun.elapsed();
            match entry.deed {
                Deed::Handle => {
                    Unfinished::Handler { message, subject, attempt: entry.attempt(), since }
                }
                Deed::Publish | Deed::Ask => Unfinished::Sending { message, subject, since },
            }
        });
        unfinished.collect()
    }

    /// The routes that listen to core subscriptions.
    fn routes(&self) -> Vec<Unfinished> {
        let core = self.listeners.values().filter(|listener| listener.durable.is_none());
        core.map(|listener| Unfinished::Route { message: listener.route.clone() }).collect()
    }

    /// How many messages were stored a moment ago that this consumer must deliver and has not
    /// brought here: a server counts them a little later than it confirms them.
    fn uncounted(&self, stream: &str, consumer: &str) -> u64 {
        let of_consumer = |listener: &&super::recorder::Attendance| {
            listener.durable.as_ref().is_some_and(|(s, c)| *s == stream && c == consumer)
        };
        let declarations: Vec<_> = self
            .listeners
            .values()
            .filter(of_consumer)
            .flat_map(|listener| listener.declarations)
            .collect();
        let recent = self.entries.iter().rev().take_while(|e| e.begun.elapsed() < COUNTED_WITHIN);
        let (mut stored, mut brought) = (BTreeSet::new(), BTreeSet::new());
        for entry in recent {
            match (&entry.end, &entry.receipt) {
                (Ending::Published(Some(ack)), _) if ack.stream == stream && !ack.duplicate => {
                    let subject = entry.subject.as_str();
                    if declarations.iter().any(|d| tidings_subject::matches(d.filter, subject)) {
                        stored.insert(ack.sequence);
                    }
                }
                (_, Some(receipt)) if receipt.stream == stream && receipt.consumer == consumer => {
                    brought.insert(receipt.sequence);
                }
                _ => {}
            }
        }
        stored.difference(&brought).count() as u64
    }
}
