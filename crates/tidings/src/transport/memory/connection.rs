//! One side's hold on the broker: what it opened ends when it is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::broker::Broker;
use crate::transport::Fault;

/// A connection to an embedded broker.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) broker: Arc<Broker>,
    pub(super) key: u64,
    closed: AtomicBool,
}

impl Connection {
    pub(super) fn open(broker: Arc<Broker>) -> Self {
        let key = broker.with(|state, _| state.new_key());
        Self { broker, key, closed: AtomicBool::new(false) }
    }

    /// Whether it is still open.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.is_closed() { Err(Fault::Closed) } else { Ok(()) }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends every subscription and pull. What was delivered and not settled stays unsettled, and
    /// is delivered again, to another connection.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.broker.with(|state, _| {
            state.subscriptions.close(self.key, &mut state.effects);
            state.streams.ring(&mut state.effects);
        });
    }
}
