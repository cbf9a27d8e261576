//! What publishes and asks: the part of a bus that publishers, contexts and subscriptions share.

use std::sync::Arc;
use std::time::Duration;

use crate::transport::Transport;

/// A transport, and how long to wait for it. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) transport: Transport,
    pub(crate) patience: Arc<Patience>,
}

/// How long each operation may take.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    /// A publish, with all its retries.
    pub(crate) publish: Duration,
    /// One ack, before the message is sent again with the same id.
    pub(crate) ack: Duration,
    /// A request, where it says nothing else.
    pub(crate) request: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            publish: Duration::from_secs(10),
            ack: Duration::from_secs(2),
            request: Duration::from_secs(5),
        }
    }
}
