//! Making spans: the tracer of a bus, and whose child a span is.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::global::{self, BoxedSpan, BoxedTracer};
use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};

use super::options::Traces;
use super::propagation;
use crate::header::{self, Headers};
use crate::transport::{Incoming, Outgoing, Transport};

/// Version of the conventions by which spans and attributes are named.
const CONVENTIONS: &str = "https://opentelemetry.io/schemas/1.40.0";

/// Tracer of a bus, if it makes spans. A cheap clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracing(pub(super) Option<Arc<Tracer>>);

#[derive(Debug)]
pub(crate) struct Tracer {
    tracer: BoxedTracer,
    pub(super) options: Traces,
}

impl Tracing {
    pub(crate) fn new(options: Traces) -> Self {
        let scope = InstrumentationScope::builder("tidings")
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(CONVENTIONS)
            .build();
        Self(Some(Arc::new(Tracer { tracer: global::tracer_with_scope(scope), options })))
    }

    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }
}

impl Tracer {
    /// Returns `true` if it makes a span of what comes of this one, or of nothing.
    pub(super) fn is_for(&self, parent: Option<&SpanContext>) -> bool {
        !self.options.sampled_only || parent.is_some_and(SpanContext::is_sampled)
    }

    /// Begins a span, at another instant than now where that is said.
    pub(super) fn build(
        &self,
        name: Cow<'static, str>,
        kind: SpanKind,
        (since, parent, links): (Option<SystemTime>, &Context, Vec<SpanContext>),
    ) -> BoxedSpan {
        let mut builder = SpanBuilder::from_name(name).with_kind(kind);
        builder.start_time = since;
        if !links.is_empty() {
            let links = links.into_iter().map(|context| Link::new(context, Vec::new(), 0));
            builder = builder.with_links(links.collect());
        }
        self.tracer.build_with_context(builder, parent)
    }

    /// Begins a span, and gives the context in which it is the active one, and whether somebody records it. Its
    /// attributes are made only where that is so; what nobody records is nobody's to end.
    pub(super) fn start(
        &self,
        name: Cow<'static, str>,
        kind: SpanKind,
        (parent, links): (&Context, Vec<SpanContext>),
        attributes: impl FnOnce(&mut BoxedSpan),
    ) -> (Context, bool) {
        let mut span = self.build(name, kind, (None, parent, links));
        if span.is_recording() {
            attributes(&mut span);
            return (parent.with_span(span), true);
        }
        let context = span.span_context();
        if context.is_valid() && context.span_id() != parent.span().span_context().span_id() {
            return (parent.with_remote_span_context(context.clone()), false);
        }
        // Nobody makes spans: what came is handed on.
        (parent.clone(), false)
    }
}

/// Parent of a span: the message in whose handling something is sent, if it has a context.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parent(pub(super) Option<Context>);

impl Parent {
    /// Reads the context that a message came with.
    pub(crate) fn of_message(headers: &Headers) -> Self {
        Self(propagation::extract(|name| headers.get(name)).map(propagation::remote))
    }

    /// Chooses the active context, where it belongs to the same trace: a span that the handler has begun itself.
    pub(super) fn resolve(&self) -> Context {
        let current = Context::current();
        match &self.0 {
            Some(own) if trace_of(own) != trace_of(&current) => own.clone(),
            _ => current,
        }
    }
}

fn trace_of(context: &Context) -> opentelemetry::TraceId {
    context.span().span_context().trace_id()
}

/// Records a failure.
pub(super) fn fail(context: &Context, kind: Cow<'static, str>, why: Option<String>) {
    let span = context.span();
    span.set_attribute(KeyValue::new("error.type", kind));
    if let Some(why) = why {
        span.set_status(Status::error(why));
    }
}

/// Adds attributes of every span: that it is about NATS, and which server.
pub(super) fn describe(
    span: &mut BoxedSpan,
    (name, kind): (&'static str, &'static str),
    transport: &Transport,
) {
    span.set_attribute(KeyValue::new("messaging.system", "nats"));
    span.set_attribute(KeyValue::new("messaging.operation.name", name));
    span.set_attribute(KeyValue::new("messaging.operation.type", kind));
    let Some(address) = transport.state().server.and_then(|server| server.address) else { return };
    let address = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
    let (host, port) = address.trim_end_matches('/').rsplit_once(':').unwrap_or((address, ""));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    span.set_attribute(KeyValue::new("server.address", host.to_owned()));
    if let Ok(port) = port.parse::<u16>() {
        span.set_attribute(KeyValue::new("server.port", i64::from(port)));
    }
}

/// Adds attributes.
pub(super) fn add(span: &mut BoxedSpan, attributes: impl IntoIterator<Item = KeyValue>) {
    for attribute in attributes {
        span.set_attribute(attribute);
    }
}

/// Attributes of one message: its `id`, and the one by which it belongs to others.
pub(super) fn of_message(
    subject: &str,
    (id, correlation): (Option<&str>, Option<&str>),
    size: usize,
) -> impl Iterator<Item = KeyValue> {
    let subject = KeyValue::new("messaging.destination.name", subject.to_owned());
    let id = id.map(|id| KeyValue::new("messaging.message.id", id.to_owned()));
    let correlation =
        correlation.map(|id| KeyValue::new("messaging.message.conversation_id", id.to_owned()));
    let size = KeyValue::new("messaging.message.body.size", count(size));
    [subject, size].into_iter().chain(id).chain(correlation)
}

/// Attributes of a message that came.
pub(super) fn of_incoming(incoming: &Incoming) -> impl Iterator<Item = KeyValue> {
    let Incoming { subject, headers, payload, .. } = incoming;
    let ids = (headers.message_id(), headers.get(header::CORRELATION_ID));
    of_message(subject.as_str(), ids, payload.len())
}

/// Attributes of a message that is sent.
pub(super) fn of_outgoing(outgoing: &Outgoing) -> impl Iterator<Item = KeyValue> {
    let Outgoing { subject, headers, payload } = outgoing;
    let ids = (headers.get(header::MESSAGE_ID), headers.get(header::CORRELATION_ID));
    of_message(subject.as_str(), ids, payload.len())
}

/// Name of a span: what is done, and where.
pub(super) fn name(operation: &'static str, destination: Option<&str>) -> Cow<'static, str> {
    match destination {
        Some(destination) => format!("{operation} {destination}").into(),
        None => operation.into(),
    }
}

pub(super) fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads the context that headers name.
pub(super) fn linked(headers: &Headers) -> Option<SpanContext> {
    propagation::extract(|name| headers.get(name))
}
