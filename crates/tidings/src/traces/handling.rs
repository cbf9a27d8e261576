//! Spans of handlers at work, in whose context they run.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};

use opentelemetry::trace::{Span as _, SpanContext, SpanKind, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};

use super::description::Ended;
use super::propagation;
use super::tracer::{self, Parent, Tracer, Tracing};
use crate::header::{self, Headers};
use crate::lock::locked;
use crate::message::{Declaration, MessageKind};
use crate::transport::{Incoming, Transport};

/// Name and type of the operation, as the conventions have it.
const PROCESS: &str = "process";

/// Spans of one route's handler, if there are any.
#[derive(Debug)]
pub(crate) struct RouteSpans(Option<Route>);

#[derive(Debug)]
struct Route {
    tracer: Arc<Tracer>,
    /// Messages that it handles.
    messages: Vec<Message>,
    label: String,
    /// Queue group; a consumer's name comes with each message.
    group: Option<String>,
}

/// Messages of one kind, as their spans tell of them.
#[derive(Debug, Clone, Copy)]
struct Message {
    filter: &'static str,
    template: &'static str,
    /// Name of the span.
    name: &'static str,
    is_request: bool,
}

impl Message {
    fn of(declaration: &'static Declaration) -> Self {
        let Declaration { filter, template, kind, .. } = *declaration;
        let is_request = kind == MessageKind::Request;
        Self { filter, template, name: named(template), is_request }
    }
}

impl RouteSpans {
    pub(crate) fn new(
        tracing: &Tracing,
        declarations: &'static [&'static Declaration],
        label: &str,
        group: Option<String>,
    ) -> Self {
        Self(tracing.0.as_ref().map(|tracer| Route {
            tracer: Arc::clone(tracer),
            messages: declarations.iter().map(|one| Message::of(one)).collect(),
            label: label.to_owned(),
            group,
        }))
    }

    /// Spans of the handler of a bucket, whose keys have these subjects.
    pub(crate) fn of_watch(tracing: &Tracing, keys: &'static str, label: &str) -> Self {
        Self(tracing.0.as_ref().map(|tracer| Route {
            tracer: Arc::clone(tracer),
            messages: vec![Message {
                filter: keys,
                template: keys,
                name: named(keys),
                is_request: false,
            }],
            label: label.to_owned(),
            group: None,
        }))
    }

    /// Tracer of the spans of settlements, if there are any.
    #[inline]
    pub(super) fn settling(&self) -> Option<&Tracer> {
        self.0.as_ref().map(|route| &*route.tracer).filter(|tracer| tracer.options.settles)
    }

    /// Template of a message that came, and attributes of both.
    pub(super) fn of_message(&self, incoming: &Incoming) -> (Option<&'static str>, Vec<KeyValue>) {
        let Some(route) = &self.0 else { return (None, Vec::new()) };
        let message = route.message(incoming.subject.as_str());
        let attributes = tracer::of_incoming(incoming).chain(route.attributes(incoming));
        (message.map(|one| one.template), attributes.collect())
    }
}

/// Name of the span of a message on subjects of this template. Each is made once in a process: there are no more of
/// them than messages were declared.
fn named(template: &'static str) -> &'static str {
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let name = format!("{PROCESS} {template}");
    let mut names = locked(&NAMES);
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let name: &'static str = name.leak();
    names.insert(name);
    name
}

impl Route {
    fn message(&self, subject: &str) -> Option<Message> {
        match self.messages[..] {
            [only] => Some(only),
            _ => self
                .messages
                .iter()
                .copied()
                .find(|one| tidings_subject::matches(one.filter, subject)),
        }
    }

    /// Attributes of the route and its consumer.
    fn attributes(&self, incoming: &Incoming) -> impl Iterator<Item = KeyValue> {
        let message = self.message(incoming.subject.as_str());
        let template =
            message.map(|one| KeyValue::new("messaging.destination.template", one.template));
        let consumer = incoming.receipt.as_ref().map(|receipt| receipt.consumer.to_string());
        let group = consumer
            .or_else(|| self.group.clone())
            .map(|group| KeyValue::new("messaging.consumer.group.name", group));
        let label = KeyValue::new("tidings.route", self.label.clone());
        template.into_iter().chain(group).chain([label])
    }
}

/// Context that a message came with.
fn producer(incoming: &Incoming) -> Option<SpanContext> {
    propagation::extract(|name| incoming.headers.get(name))
}

/// Span of a handler at work on a message; nothing before it begins, and where there are no spans.
#[derive(Debug, Default)]
pub(crate) struct HandlerSpan(OnceLock<Handled>);

#[derive(Debug)]
struct Handled {
    context: Context,
    /// `false` if its span ends elsewhere: that of a batch, or one that nobody records.
    ends_here: bool,
    is_recorded: bool,
}

impl HandlerSpan {
    /// The handler begins.
    #[inline]
    pub(crate) fn begin(&self, route: &RouteSpans, incoming: &Incoming, transport: &Transport) {
        if let Some(route) = &route.0 {
            self.start(route, incoming, transport);
        }
    }

    fn start(&self, route: &Route, incoming: &Incoming, transport: &Transport) {
        let (producer, baggage) = if incoming.headers.are_none() {
            (None, None)
        } else {
            (producer(incoming), incoming.headers.get(header::BAGGAGE))
        };
        if !route.tracer.is_for(producer.as_ref()) {
            if producer.is_some() || baggage.is_some() {
                let context = producer.map_or_else(Context::new, propagation::remote);
                let context = propagation::with_baggage(context, baggage);
                let _ = self.0.set(Handled { context, ends_here: false, is_recorded: false });
            }
            return;
        }
        let message = route.message(incoming.subject.as_str());
        let is_asked = message.is_some_and(|one| one.is_request);
        let kind = if is_asked { SpanKind::Server } else { SpanKind::Consumer };
        let (mut parent, mut links) = (Context::new(), Vec::new());
        match producer {
            Some(producer) if route.tracer.options.links && incoming.receipt.is_some() => {
                links.push(producer);
            }
            Some(producer) => parent = propagation::remote(producer),
            None => {}
        }
        if baggage.is_some() {
            parent = propagation::with_baggage(parent, baggage);
        }
        let name = message.map_or(PROCESS, |one| one.name);
        let (context, ends_here) =
            route.tracer.start(name.into(), kind, (&parent, links), |span| {
                tracer::describe(span, (PROCESS, PROCESS), transport);
                tracer::add(span, tracer::of_incoming(incoming).chain(route.attributes(incoming)));
                let attempt = incoming.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
                let attempt = i64::try_from(attempt).unwrap_or(i64::MAX);
                span.set_attribute(KeyValue::new("tidings.attempt", attempt));
                let redriven = incoming.headers.redriven();
                if redriven > 0 {
                    let redriven = i64::try_from(redriven).unwrap_or(i64::MAX);
                    span.set_attribute(KeyValue::new("tidings.redriven", redriven));
                }
            });
        // Nothing to be told of, and nothing to be handed on.
        if context.span().span_context().is_valid() {
            let _ = self.0.set(Handled { context, ends_here, is_recorded: ends_here });
        }
    }

    /// Does something in its context: what is published and asked there belongs to it.
    #[inline]
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        match self.0.get() {
            None => work(),
            Some(handled) => {
                let _active = handled.context.clone().attach();
                work()
            }
        }
    }

    /// The handler has ended, and it is decided what becomes of the message.
    #[inline]
    pub(crate) fn end(&self, ended: Ended<'_>) {
        if let Some(Handled { context, ends_here: true, .. }) = self.0.get() {
            end(context, ended);
        }
    }

    /// Returns `true` if there is one.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.0.get().is_some()
    }

    /// Context whose span it is, if somebody records it.
    pub(super) fn recorded(&self) -> Option<&Context> {
        self.0.get().filter(|handled| handled.is_recorded).map(|handled| &handled.context)
    }

    /// Parent of what is sent on behalf of the message.
    pub(crate) fn parent(&self) -> Parent {
        Parent(self.0.get().map(|handled| handled.context.clone()))
    }

    /// Puts its context on the answer to whoever asked.
    pub(crate) fn inject(&self, headers: &mut Headers) {
        let Some(Handled { context, .. }) = self.0.get() else { return };
        for (name, value) in propagation::headers_of(context) {
            headers.push(name, value);
        }
    }

    /// Forgets it: another message comes in this one's place.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.0.take();
    }
}

fn end(context: &Context, ended: Ended<'_>) {
    let span = context.span();
    let Ended { error, is_fault, why, settled } = ended;
    if let Some(settled) = settled {
        span.set_attribute(KeyValue::new("tidings.settled", settled));
    }
    if let Some(error) = error {
        tracer::fail(context, error.into(), is_fault.then(|| why.to_string()));
    }
    span.end();
}

/// Span of a handler at work on a batch, if there is one.
#[derive(Debug)]
pub(crate) struct BatchSpan(Option<Handled>);

impl RouteSpans {
    /// The handler of a batch begins. Its span has a link to each of the messages' senders, and the messages share
    /// it.
    pub(crate) fn begin_batch<'a>(
        &self,
        messages: impl Iterator<Item = (&'a Incoming, &'a HandlerSpan)>,
        transport: &Transport,
    ) -> BatchSpan {
        let Some(route) = &self.0 else { return BatchSpan(None) };
        let messages: Vec<_> = messages.collect();
        let Some((first, _)) = messages.first() else { return BatchSpan(None) };
        let links: Vec<_> = messages.iter().filter_map(|(one, _)| producer(one)).collect();
        // A batch's trace is new: it is recorded where the trace of one of the messages is.
        let recorded = links.iter().find(|one| route.tracer.is_for(Some(one)));
        if !route.tracer.is_for(recorded) {
            return BatchSpan(None);
        }
        let name = route.message(first.subject.as_str()).map_or(PROCESS, |one| one.name);
        let parent = Context::new();
        let (context, ends_here) =
            route.tracer.start(name.into(), SpanKind::Consumer, (&parent, links), |span| {
                tracer::describe(span, (PROCESS, PROCESS), transport);
                tracer::add(span, route.attributes(first));
                let count = tracer::count(messages.len());
                span.set_attribute(KeyValue::new("messaging.batch.message_count", count));
            });
        if !context.span().span_context().is_valid() {
            return BatchSpan(None);
        }
        for (_, span) in messages {
            let context = context.clone();
            let of_one = Handled { context, ends_here: false, is_recorded: ends_here };
            let _ = span.0.set(of_one);
        }
        BatchSpan(Some(Handled { context, ends_here, is_recorded: ends_here }))
    }
}

impl BatchSpan {
    /// Does something in its context.
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let _active = self.0.as_ref().map(|handled| handled.context.clone().attach());
        work()
    }

    /// Returns `true` if there is one.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The handler has ended.
    pub(crate) fn end(&self, ended: Ended<'_>) {
        if let Some(Handled { context, ends_here: true, .. }) = &self.0 {
            end(context, ended);
        }
    }
}
