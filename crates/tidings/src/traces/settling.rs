//! Spans of settlements: of an ack, a nak or a term, as far as somebody asked for them.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use opentelemetry::trace::{SpanContext, SpanKind, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};

use super::description::kind_of;
use super::handling::{HandlerSpan, RouteSpans};
use super::tracer::{self, Tracer};
use crate::transport::{Incoming, Settlement, Transport};

/// Span of a settlement, if there is one.
#[derive(Debug)]
#[must_use = "say what came of it"]
pub(crate) struct SettleSpan(Option<Context>);

impl SettleSpan {
    /// Ends it: the settlement was handed over, or was not.
    #[inline]
    pub(crate) fn end<E: Debug + Display>(self, sent: &Result<(), E>) {
        let Self(Some(context)) = self else { return };
        if let Err(error) = sent {
            tracer::fail(&context, kind_of(error).into(), Some(error.to_string()));
        }
        context.span().end();
    }

    fn begin(
        tracer: &Tracer,
        settlement: &Settlement,
        (parent, link): (&Context, Option<SpanContext>),
        (template, attributes): (Option<&'static str>, Vec<KeyValue>),
        transport: &Transport,
    ) -> Self {
        let Some(operation) = settlement.name() else { return Self(None) };
        let name = tracer::name(operation, template);
        let links = link.into_iter().collect();
        let (context, is_recording) =
            tracer.start(name, SpanKind::Client, (parent, links), |span| {
                tracer::describe(span, (operation, "settle"), transport);
                tracer::add(span, attributes);
            });
        Self(is_recording.then_some(context))
    }
}

impl RouteSpans {
    /// A message that was handled is about to be settled. What has no span, or one that nobody records, has none for
    /// this.
    #[inline]
    pub(crate) fn settle(
        &self,
        handled: &HandlerSpan,
        settlement: &Settlement,
        incoming: &Incoming,
        transport: &Transport,
    ) -> SettleSpan {
        let Some((tracer, parent)) = self.settling().zip(handled.recorded()) else {
            return SettleSpan(None);
        };
        let (template, attributes) = self.of_message(incoming);
        SettleSpan::begin(tracer, settlement, (parent, None), (template, attributes), transport)
    }
}

/// Maker of the span of the settlement of a message that was taken by hand, if there is one.
#[derive(Debug, Default)]
pub(crate) struct SettlingByHand(pub(super) Option<Box<Taken>>);

/// A message that was taken by hand.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) tracer: Arc<Tracer>,
    pub(super) transport: Transport,
    pub(super) template: Option<&'static str>,
    pub(super) attributes: Vec<KeyValue>,
    /// Span of the sender.
    pub(super) producer: Option<SpanContext>,
}

impl SettlingByHand {
    /// Begins the span, as the message is about to be settled.
    #[inline]
    pub(crate) fn begin(self, settlement: &Settlement) -> SettleSpan {
        let Some(taken) = self.0 else { return SettleSpan(None) };
        let Taken { tracer, transport, template, attributes, producer } = *taken;
        let within = (&Context::current(), producer);
        SettleSpan::begin(&tracer, settlement, within, (template, attributes), &transport)
    }
}
