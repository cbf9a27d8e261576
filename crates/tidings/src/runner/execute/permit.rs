//! A place among the messages that are handled at a time, and what is said when it is given back.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::jitter::FAR;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::disposition::Health;

/// A message, or a batch of them, was handled.
#[derive(Debug)]
pub(crate) struct Released {
    pub(crate) key: Option<u64>,
    /// Number of messages that were handled: more than one for a batch.
    pub(crate) messages: usize,
    pub(crate) health: Health,
    /// Messages that came too early, and wait here until then.
    pub(crate) deferred: Vec<(QueuedMessage, Instant)>,
    /// Time for which the handler kept its thread until it first waited, where that was measured.
    pub(crate) kept: Option<Duration>,
}

/// A place that one message has, or a batch. Dropping it gives it back, also where a task is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    /// Unbounded, and never more than there are permits.
    released: UnboundedSender<Released>,
    key: Option<u64>,
    messages: usize,
    pub(crate) health: Health,
    deferred: Vec<(QueuedMessage, Instant)>,
    pub(crate) kept: Option<Duration>,
}

impl Permit {
    pub(crate) fn new(
        released: UnboundedSender<Released>,
        key: Option<u64>,
        messages: usize,
    ) -> Self {
        Self { released, key, messages, health: Health::Unknown, deferred: Vec::new(), kept: None }
    }

    /// The message, if there is one, waits for so long.
    pub(crate) fn defer(&mut self, later: Option<(QueuedMessage, Duration)>) {
        let Some((queued, delay)) = later else { return };
        let now = Instant::now();
        let until = now.checked_add(delay).unwrap_or(now + FAR);
        self.deferred.push((queued, until));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let released = Released {
            key: self.key,
            messages: self.messages,
            health: std::mem::take(&mut self.health),
            deferred: std::mem::take(&mut self.deferred),
            kept: self.kept,
        };
        // Nobody counts permits any more where a registry was dropped.
        let _ = self.released.send(released);
    }
}
