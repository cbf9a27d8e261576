//! A message on its way out, and who is told of it: all ways of publishing and asking pass here.

use std::fmt;

use crate::message::Declaration;
#[cfg(feature = "metrics")]
use crate::observe::metrics::Measured;
use crate::observe::observers::Observers;
use crate::probe::{End, Span, Work};
use crate::publish_ack::PublishAck;
use crate::transport::Outgoing;

/// Error of publishing or of asking, as observers hear it.
pub(crate) trait SendError: fmt::Display {
    /// A word for its kind, of which there are only so many.
    #[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "a label of figures"))]
    fn kind(&self) -> &'static str;
}

/// A message on its way out, from before it is sent until it is said what came of it; where nobody looks on
/// it is nothing. Dropped before that, it was given up half-way.
#[derive(Debug, Default)]
#[must_use = "say what came of it"]
pub(crate) struct Sending(Option<Box<Watched>>);

/// State of a message that is being sent, where somebody looks on.
#[derive(Debug)]
struct Watched {
    span: Span,
    #[cfg(feature = "metrics")]
    measured: Option<Measured>,
}

impl Sending {
    /// An event is about to be published: its headers can still be added to.
    #[inline]
    pub(crate) fn publish(
        observers: Option<&Observers>,
        declaration: &'static Declaration,
        outgoing: &mut Outgoing,
    ) -> Self {
        Self(observers.map(|all| all.publish(declaration, outgoing).into()))
    }

    /// A request is about to be sent: its headers can still be added to.
    #[inline]
    pub(crate) fn request(
        observers: Option<&Observers>,
        declaration: &'static Declaration,
        outgoing: &mut Outgoing,
    ) -> Self {
        Self(observers.map(|all| all.request(declaration, outgoing).into()))
    }

    /// Says what came of publishing: the ack of a stream, nothing where no stream keeps it, or an error.
    #[inline]
    pub(crate) fn published<E: SendError>(self, result: Result<Option<&PublishAck>, &E>) {
        if let Some(observed) = self.0 {
            observed.published(result.map_err(|error| error as &dyn SendError));
        }
    }

    /// Says what came of asking: a reply, or an error.
    #[inline]
    pub(crate) fn replied<E: SendError>(self, result: Result<(), &E>) {
        if let Some(observed) = self.0 {
            observed.replied(result.map_err(|error| error as &dyn SendError));
        }
    }
}

impl Observers {
    #[cold]
    fn publish(&self, declaration: &'static Declaration, outgoing: &mut Outgoing) -> Watched {
        let span = Span::begin(self.probe.as_ref(), Work::Publish(declaration, outgoing));
        self.observe(span, declaration, "publish")
    }

    #[cold]
    fn request(&self, declaration: &'static Declaration, outgoing: &mut Outgoing) -> Watched {
        let span = Span::begin(self.probe.as_ref(), Work::Ask(declaration, outgoing));
        self.observe(span, declaration, "request")
    }

    #[cfg_attr(not(feature = "metrics"), expect(unused_variables, clippy::unused_self))]
    fn observe(
        &self,
        span: Span,
        declaration: &'static Declaration,
        operation: &'static str,
    ) -> Watched {
        Watched {
            span,
            #[cfg(feature = "metrics")]
            measured: self.metrics.as_ref().map(|all| all.begin(declaration, operation)),
        }
    }
}

impl Watched {
    #[cold]
    fn published(self, result: Result<Option<&PublishAck>, &dyn SendError>) {
        self.span.tell(match result {
            Ok(stored) => End::Published(stored),
            Err(error) => End::NotPublished(error),
        });
        #[cfg(feature = "metrics")]
        if let Some(measured) = self.measured {
            measured.published(result.map_err(SendError::kind));
        }
    }

    #[cold]
    fn replied(self, result: Result<(), &dyn SendError>) {
        self.span.tell(match result {
            Ok(()) => End::Replied,
            Err(error) => End::NotReplied(error),
        });
        #[cfg(feature = "metrics")]
        if let Some(measured) = self.measured {
            measured.replied(result.map_err(SendError::kind));
        }
    }
}
