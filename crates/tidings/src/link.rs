//! The part of a bus that publishes and asks, which publishers, contexts and subscriptions share.

mod pulse;

use std::sync::Arc;
use std::time::Duration;

use crate::cloud_event::CloudEvents;
use crate::message::Declaration;
use crate::observe::{Observers, Received, Sending};
use crate::probe::{Listener, Listening, Probe, Span, Work};
use crate::stream::Environment;
use crate::traces::Tracing;
use crate::transport::{Outgoing, Transport};

pub(crate) use pulse::Pulse;

/// A transport, and how long to wait for it. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) transport: Transport,
    pub(crate) timeouts: Arc<Timeouts>,
    /// Changes of declared streams in this environment.
    pub(crate) environment: Arc<Environment>,
    /// Options for publishing messages as CloudEvents, if they are.
    pub(crate) cloud_events: Option<CloudEvents>,
    /// Spans of what is sent and handled, if there are any.
    pub(crate) traces: Tracing,
    /// Observers of the bus, if it has any.
    pub(crate) observers: Option<Arc<Observers>>,
    /// Pulse of its server, where that is asked for.
    pub(crate) pulse: Arc<Pulse>,
}

impl Link {
    /// Returns `true` if a message is read back before it is sent: in a debug build, and on a
    /// test's bus.
    #[inline]
    pub(crate) fn reads_back(&self) -> bool {
        cfg!(debug_assertions) || self.probe().is_some()
    }

    /// The probe, on a test's bus.
    #[inline]
    pub(crate) fn probe(&self) -> Option<&Arc<dyn Probe>> {
        self.observers.as_ref()?.probe.as_ref()
    }

    /// Interval at which figures of routes are recorded, where the bus says so.
    #[cfg(feature = "metrics")]
    pub(crate) fn measures_every(&self) -> Option<Duration> {
        self.observers.as_ref()?.metrics.as_ref().map(|metrics| metrics.every)
    }

    /// Returns `true` if somebody is told of what is sent: who looks on, or who gathers spans.
    #[inline]
    pub(crate) fn is_observed(&self) -> bool {
        self.observers.is_some() || self.traces.is_on()
    }

    /// Tells the probe, if there is one, that something begins.
    #[inline]
    pub(crate) fn begin(&self, work: Work<'_>) -> Span {
        Span::begin(self.probe(), work)
    }

    /// Tells whoever looks on that an event is about to be published.
    #[inline]
    pub(crate) fn publishes(
        &self,
        declaration: &'static Declaration,
        outgoing: &mut Outgoing,
    ) -> Sending {
        Sending::publish(self.observers.as_deref(), declaration, outgoing)
    }

    /// Tells whoever looks on that a request is about to be sent.
    #[inline]
    pub(crate) fn asks(
        &self,
        declaration: &'static Declaration,
        outgoing: &mut Outgoing,
    ) -> Sending {
        Sending::request(self.observers.as_deref(), declaration, outgoing)
    }

    /// Counters of what a subscription or a consumer without a route gives out.
    pub(crate) fn receives<'a>(
        &self,
        templates: impl Iterator<Item = &'a str>,
        group: Option<&str>,
    ) -> Received {
        Received::new(self.observers.as_deref(), templates, group)
    }

    /// Tells the probe, if there is one, that a route listens.
    pub(crate) fn listen(&self, listening: Listening<'_>) -> Listener {
        Listener::begin(self.probe(), listening)
    }
}

/// Maximum time of each operation.
#[derive(Debug, Clone)]
pub(crate) struct Timeouts {
    /// A publish, with all its retries.
    pub(crate) publish: Duration,
    /// Maximum time of one ack, before the message is sent again with the same id; never longer than `publish`.
    pub(crate) ack: Duration,
    /// Maximum time of a request that says nothing else.
    pub(crate) request: Duration,
    /// Flushing and closing, where nothing else is said.
    pub(crate) close: Duration,
    /// Shutting down a registry, where nothing else is said.
    pub(crate) shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            publish: Duration::from_secs(10),
            ack: Duration::from_secs(2),
            request: Duration::from_secs(5),
            close: Duration::from_secs(10),
            shutdown: Duration::from_secs(30),
        }
    }
}
