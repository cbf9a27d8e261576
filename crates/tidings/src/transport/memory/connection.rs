//! A side's hold on the broker: what it opened ends when it is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use super::broker::{Broker, State};
use super::clock::Moment;
use crate::transport::{Announcer, Fault};

/// A connection to an embedded broker.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) broker: Arc<Broker>,
    pub(super) key: u64,
    closed: AtomicBool,
    pub(super) announcer: Announcer,
}

impl Connection {
    pub(super) fn open(broker: Arc<Broker>) -> Self {
        let key = broker.with(|state, _| state.new_key());
        Self { broker, key, closed: AtomicBool::new(false), announcer: Announcer::default() }
    }

    /// Works on the broker's state, if this is still open. That is looked at under the broker's
    /// lock, so that nothing can be opened behind the back of [`close`](Self::close).
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut State, Instant) -> R) -> Result<R, Fault> {
        self.at(|state, moment| work(state, moment.instant()))
    }

    /// Works on the state, where the time may not be needed.
    pub(super) fn at<R>(&self, work: impl FnOnce(&mut State, &Moment) -> R) -> Result<R, Fault> {
        self.broker.at(|state, moment| {
            if self.closed.load(Ordering::Acquire) {
                Err(Fault::Closed)
            } else {
                Ok(work(state, moment))
            }
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends every subscription and pull. What was delivered and not settled stays unsettled, and
    /// is delivered again, to another connection.
    pub(super) fn close(&self) {
        self.broker.with(|state, _| {
            self.closed.store(true, Ordering::Release);
            state.subscriptions.close(self.key, &mut state.effects);
            state.streams.wake_pulls(&mut state.effects);
        });
        self.announcer.close(None);
    }
}
