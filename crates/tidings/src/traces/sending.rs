//! Spans of messages that are sent, whose context travels with them.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Display;

use opentelemetry::trace::{Span as _, SpanKind, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};

use super::description::{Operation, Sent};
use super::propagation;
use super::tracer::{self, Parent, Tracing};
use crate::header::{self, Headers};
use crate::text::Text;
use crate::transport::Outgoing;

/// Span of something that is sent, if there is one. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct SendSpan(Option<Open>);

#[derive(Debug)]
struct Open {
    /// Context whose span it is; `None` where nobody records it.
    recorded: Option<Context>,
    /// Headers by which a receiver goes on with the trace.
    headers: Vec<(&'static str, Text)>,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Create => "create",
            Self::Request => "request",
            Self::DeadLetter => "dead_letter",
            Self::Redrive => "redrive",
        }
    }

    /// Word of the conventions for what is done.
    fn operation_type(self) -> &'static str {
        if self == Self::Create { "create" } else { "send" }
    }

    fn kind(self) -> SpanKind {
        match self {
            // Who asks waits for the answer.
            Self::Request => SpanKind::Client,
            Self::Publish | Self::Create | Self::DeadLetter | Self::Redrive => SpanKind::Producer,
        }
    }
}

impl Tracing {
    /// Begins the span of one message. Where its headers name a context already, the span has a link to it.
    #[inline]
    pub(crate) fn send(&self, sent: Sent<'_>, parent: &Parent, message: &Outgoing) -> SendSpan {
        if self.0.is_none() {
            return SendSpan(None);
        }
        self.begin(sent, parent, Some(message))
    }

    /// Begins the span of many messages that are sent together.
    #[inline]
    pub(crate) fn send_many(&self, sent: Sent<'_>, parent: &Parent) -> SendSpan {
        if self.0.is_none() {
            return SendSpan(None);
        }
        self.begin(sent, parent, None)
    }

    /// Puts a context on one of many messages that are sent together: that of a span of its own, where the bus makes
    /// those, else that of all.
    pub(crate) fn create(
        &self,
        all: &SendSpan,
        one: Sent<'_>,
        parent: &Parent,
        message: &mut Outgoing,
    ) {
        if !self.0.as_ref().is_some_and(|tracer| tracer.options.creates) {
            return all.inject(&mut message.headers);
        }
        if tracer::linked(&message.headers).is_none() {
            let span = self.begin(one, parent, Some(message));
            span.inject(&mut message.headers);
            span.end(&Ok::<_, Infallible>(()), |never| match *never {});
        }
        all.link(&message.headers);
    }

    fn begin(&self, sent: Sent<'_>, parent: &Parent, message: Option<&Outgoing>) -> SendSpan {
        let Some(tracer) = &self.0 else { return SendSpan(None) };
        let Sent { operation, template, stream, transport, messages } = sent;
        let current = Context::current();
        let parent = parent.resolve();
        if !tracer.is_for(Some(parent.span().span_context())) {
            return SendSpan(Some(Open {
                headers: propagation::headers_of(&parent),
                recorded: None,
            }));
        }
        let link = match operation {
            // The message's headers name its parent; the current span, which puts it back, is linked.
            Operation::DeadLetter | Operation::Redrive => {
                let own = current.span().span_context().clone();
                let is_other = own.trace_id() != parent.span().span_context().trace_id();
                Some(own).filter(|own| own.is_valid() && is_other)
            }
            _ => message.and_then(|message| tracer::linked(&message.headers)),
        };
        let links = link.into_iter().collect();
        let name = tracer::name(operation.name(), template.or(stream));
        // The context of many is that of none where each has its own.
        let kind = match message {
            None if tracer.options.creates => SpanKind::Client,
            _ => operation.kind(),
        };
        let (context, is_recording) = tracer.start(name, kind, (&parent, links), |span| {
            tracer::describe(span, (operation.name(), operation.operation_type()), transport);
            if let Some(template) = template {
                span.set_attribute(KeyValue::new("messaging.destination.template", template));
            }
            if let Some(message) = message {
                tracer::add(span, tracer::of_outgoing(message));
            }
            if let Some(stream) = stream {
                span.set_attribute(KeyValue::new("tidings.stream", stream.to_owned()));
            }
            if let Some(messages) = messages {
                let messages = tracer::count(messages);
                span.set_attribute(KeyValue::new("messaging.batch.message_count", messages));
            }
        });
        let headers = propagation::headers_of(&context);
        SendSpan(Some(Open { headers, recorded: is_recording.then_some(context) }))
    }
}

impl SendSpan {
    /// Puts the context on a message, as far as it has none of its own.
    pub(crate) fn inject(&self, headers: &mut Headers) {
        let Self(Some(Open { headers: own, .. })) = self else { return };
        let has_trace = headers.get(header::TRACE_PARENT).is_some();
        for (name, value) in own {
            let is_theirs = has_trace && *name == header::TRACE_STATE;
            if !is_theirs && headers.get(name).is_none() {
                headers.push(*name, value.clone());
            }
        }
    }

    /// Puts the context on a message in place of the one that it has.
    pub(crate) fn replace(&self, headers: &mut Headers) {
        let Self(Some(Open { headers: own, .. })) = self else { return };
        if own.iter().any(|(name, _)| *name == header::TRACE_PARENT) {
            headers.remove(header::TRACE_PARENT);
            headers.remove(header::TRACE_STATE);
        }
        self.inject(headers);
    }

    /// Adds a link to the context that a message carries.
    pub(crate) fn link(&self, headers: &Headers) {
        if let Self(Some(Open { recorded: Some(context), .. })) = self
            && let Some(created) = tracer::linked(headers)
            && created.span_id() != context.span().span_context().span_id()
        {
            context.span().add_link(created, Vec::new());
        }
    }

    /// Records the number of messages.
    pub(crate) fn sent_all(&self, messages: usize) {
        if let Self(Some(Open { recorded: Some(context), .. })) = self {
            let messages = KeyValue::new("messaging.batch.message_count", tracer::count(messages));
            context.span().set_attribute(messages);
        }
    }

    /// Ends the span with the outcome.
    pub(crate) fn end<T, E: Display>(
        self,
        result: &Result<T, E>,
        kind: impl Fn(&E) -> Cow<'static, str>,
    ) {
        let Self(Some(Open { recorded: Some(context), .. })) = self else { return };
        if let Err(error) = result {
            tracer::fail(&context, kind(error), Some(error.to_string()));
        }
        context.span().end();
    }
}
