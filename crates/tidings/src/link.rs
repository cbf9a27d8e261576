//! The part of a bus that publishes and asks, which publishers, contexts and subscriptions share.

use std::sync::Arc;
use std::time::Duration;

use crate::cloud_event::CloudEvents;
use crate::probe::{Listener, Listening, Probe, Span, Work};
use crate::stream::Environment;
use crate::transport::Transport;

/// A transport, and how long to wait for it. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) transport: Transport,
    pub(crate) timeouts: Arc<Timeouts>,
    /// How declared streams are made here.
    pub(crate) environment: Arc<Environment>,
    /// How messages are published as CloudEvents, if they are.
    pub(crate) cloud_events: Option<CloudEvents>,
    /// Probe of a test's bus.
    pub(crate) probe: Option<Arc<dyn Probe>>,
}

impl Link {
    /// Returns `true` if a message is read back before it is sent: in a debug build, and on a
    /// test's bus.
    #[inline]
    pub(crate) fn reads_back(&self) -> bool {
        cfg!(debug_assertions) || self.probe.is_some()
    }

    /// Tells the probe, if there is one, that something begins.
    #[inline]
    pub(crate) fn begin(&self, work: Work<'_>) -> Span {
        Span::begin(self.probe.as_ref(), work)
    }

    /// Tells the probe, if there is one, that a route listens.
    pub(crate) fn listen(&self, listening: Listening<'_>) -> Listener {
        Listener::begin(self.probe.as_ref(), listening)
    }
}

/// How long each operation may take.
#[derive(Debug, Clone)]
pub(crate) struct Timeouts {
    /// A publish, with all its retries.
    pub(crate) publish: Duration,
    /// One ack, before the message is sent again with the same id; never longer than `publish`.
    pub(crate) ack: Duration,
    /// A request, where it says nothing else.
    pub(crate) request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            publish: Duration::from_secs(10),
            ack: Duration::from_secs(2),
            request: Duration::from_secs(5),
        }
    }
}
