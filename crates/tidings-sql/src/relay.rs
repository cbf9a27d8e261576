//! The relay: publishes what was committed, and removes it once the stream has it.

#[cfg(feature = "metrics")]
mod figures;
mod flight;
mod health;
mod hold;
mod look;
mod publish;
mod running;
mod state;
mod wait;
mod worker;

pub use health::OutboxThresholds;
pub use running::RunningRelay;
pub use state::RelayStatus;

use std::fmt;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::database::Database;
use crate::outbox::Outbox;
use state::State;
use worker::Worker;

/// Publishes the events of an outbox once they are committed, made by [`Outbox::relay`].
///
/// Any number of relays may run on one outbox, in one program or in many. They share the events by their
/// keys. Where one is shut down the others go on with its part at once. Where one dies they miss it within a tenth
/// of a second on PostgreSQL, where it is known by its connection, and within about a second on SQLite, where it
/// renews a row; only what was written before waits so long, and only if it is of the dead one's part. PostgreSQL
/// learns that a machine is gone whose connection says nothing any more after some ten seconds.
///
/// # Order
/// Events of one key are published in the order in which their transactions were committed, those of one
/// transaction in the order in which they were written, and none is sent before those of its key are confirmed:
/// whatever is lost on the way, none is stored before one that was committed before it. Events of up to 1,024
/// keys are on their way at a time. With one key for many events each waits for the answer to the one before: let the
/// stream [`allow_atomic_publish`](tidings::StreamConfig::allow_atomic_publish), so that it stores up to 1,000 of them
/// as one and in order, or choose keys that are as narrow as the order that matters, such as an order's number, or
/// [`relaxed_order`](Self::relaxed_order).
///
/// # Once
/// An event has the same message id whenever it is sent, so a stream stores it once within its duplicate window.
/// One that is older is looked for in the stream before it is sent, back to the time at which it was written.
/// What the stream keeps no more, such as what a work queue's consumer has acknowledged, can't be found: give
/// such a stream a duplicate window that is longer than a relay is ever away. The clocks of this program and
/// of the server may differ by a minute.
///
/// # Events that can't be published
/// One that the server refuses for good (its stream is gone, its subject is forbidden) is tried
/// [a few times](Self::attempts), and then parked with the reason. Events of its key wait behind it, so that
/// none overtakes it; those of other keys go on. [`Outbox::parked`] lists them, [`Outbox::retry`] and
/// [`Outbox::purge`] let them go.
#[must_use = "a relay does nothing before `.start()` or `.run_until(…)`"]
pub struct Relay<Db: Database> {
    outbox: Outbox<Db>,
    options: Options,
}

/// Options of a relay.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) batch: usize,
    pub(crate) poll: Option<Duration>,
    pub(crate) keep: bool,
    pub(crate) relaxed: bool,
    pub(crate) attempts: u32,
}

impl<Db: Database> fmt::Debug for Relay<Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("options", &self.options).finish_non_exhaustive()
    }
}

impl<Db: Database> Relay<Db> {
    pub(crate) fn new(outbox: Outbox<Db>) -> Self {
        let options = Options { batch: 1024, poll: None, keep: false, relaxed: false, attempts: 5 };
        Self { outbox, options }
    }

    /// Sets the maximum number of events that are read and sent at a time; from 1 to 1,024, which is the
    /// default. Large events make it fewer.
    pub fn batch(mut self, events: usize) -> Self {
        self.options.batch = events.clamp(1, 1024);
        self
    }

    /// Sets the time after which it looks for new events though nothing woke it. On PostgreSQL, where each
    /// commit wakes it, the default is a second. On SQLite it looks more and more seldom while there is
    /// nothing, and the default of the longest wait is 100 ms.
    pub fn poll_interval(mut self, time: Duration) -> Self {
        self.options.poll = Some(time.max(Duration::from_millis(1)));
        self
    }

    /// Keeps events that were published, and marks them, until [`Outbox::purge_sent`] removes them. Without
    /// this they are removed at once.
    pub fn keep_sent(mut self) -> Self {
        self.options.keep = true;
        self
    }

    /// Sends events of one key without waiting for those before them to be confirmed, up to 1,024 at a time: where many
    /// events have few keys, so many more are published in a second. Where one is lost on its way, since the
    /// server ends or its stream changes its leader, one behind it may be stored first, and it follows.
    pub fn relaxed_order(mut self) -> Self {
        self.options.relaxed = true;
        self
    }

    /// Sends an event only once the stream has confirmed those of its key before it, which is the default.
    #[deprecated(note = "it is the default; `relaxed_order` is the other choice")]
    pub fn strict_order(mut self) -> Self {
        self.options.relaxed = false;
        self
    }

    /// Sets how often an event that the server refuses for good is tried before it is parked; 5 by default,
    /// over some seconds.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.options.attempts = attempts.max(1);
        self
    }

    /// Starts it as a task of this runtime, until [`RunningRelay::shutdown`].
    pub fn start(self) -> RunningRelay {
        let state = State::new();
        let stop = CancellationToken::new();
        let worker = Worker::new(self.outbox, self.options, state.clone(), stop.clone());
        RunningRelay::new(tokio::spawn(worker.run()), stop, state)
    }

    /// Runs it until `stop` resolves, and what was begun by then is finished, within 30 s. What goes wrong with the
    /// database or the server is logged, and tried again.
    ///
    /// # Cancel safety
    /// Events that are on their way when the future is dropped are sent again by the next relay, and stored
    /// once.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> RelayStatus {
        let (state, end) = (State::new(), CancellationToken::new());
        let worker = Worker::new(self.outbox, self.options, state.clone(), end.clone());
        let mut work = std::pin::pin!(worker.run());
        tokio::select! {
            () = &mut work => {}
            () = stop => {
                end.cancel();
                work.await;
            }
        }
        state.status()
    }
}
