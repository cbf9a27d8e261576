//! A message that is here, and since when it waits.

use std::sync::Arc;

use tokio::time::Instant;

use super::slots::InFlightGuard;
use crate::context::HandledMessage;
use crate::probe::Span;

/// A message that is here.
#[derive(Debug)]
pub(crate) struct QueuedMessage {
    pub(crate) incoming: Arc<HandledMessage>,
    pub(crate) span: Span,
    /// Key of the message: those of one key are handled one after the other.
    pub(crate) key: Option<u64>,
    /// Instant at which it began to wait here, if it did.
    pub(crate) since: Option<Instant>,
    /// Instant at which the server was last told that it is here, or it began to wait.
    pub(crate) told: Option<Instant>,
    /// Instant before which it is too early for it.
    pub(crate) due: Option<Instant>,
    /// Guard of its place among those in flight, while a task handles it.
    pub(crate) in_flight: Option<InFlightGuard>,
}

impl QueuedMessage {
    pub(crate) fn new(incoming: Arc<HandledMessage>, span: Span, key: Option<u64>) -> Self {
        Self { incoming, span, key, since: None, told: None, due: None, in_flight: None }
    }

    /// Instant since which it could have begun.
    pub(crate) fn could_begin(&self) -> Option<Instant> {
        self.since.max(self.due)
    }

    /// Begins to wait now, if it did not before.
    pub(crate) fn wait(&mut self, now: Instant) {
        self.since.get_or_insert(now);
        self.told.get_or_insert(now);
    }
}
