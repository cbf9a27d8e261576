//! Spans of messages that a program takes by hand, from subscriptions and consumers that no route has.

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{Span as _, SpanKind};
use opentelemetry::{Context, KeyValue, time};

use super::propagation;
use super::tracer::{self, Tracer, Tracing};
use crate::message::Declaration;
use crate::transport::{Incoming, Transport};

/// Name and type of the operation, as the conventions have it.
const RECEIVE: &str = "receive";

/// Spans of one subscription, if there are any: one for each message, from when it was asked for until it came.
pub(crate) struct ReceiveSpans(Option<Subscription>);

struct Subscription {
    tracer: Arc<Tracer>,
    declarations: &'static [&'static Declaration],
    group: Option<String>,
    transport: Transport,
    /// Instant since which the next message is waited for.
    since: Option<SystemTime>,
}

impl ReceiveSpans {
    pub(crate) fn new(
        tracing: &Tracing,
        declarations: &'static [&'static Declaration],
        group: Option<&str>,
        transport: &Transport,
    ) -> Self {
        Self(tracing.0.as_ref().map(|tracer| Subscription {
            tracer: Arc::clone(tracer),
            declarations,
            group: group.map(str::to_owned),
            transport: transport.clone(),
            since: None,
        }))
    }

    /// The next message is waited for.
    #[inline]
    pub(crate) fn wait(&mut self) {
        if let Some(subscription) = &mut self.0 {
            subscription.since.get_or_insert_with(time::now);
        }
    }

    /// A message came.
    #[inline]
    pub(crate) fn came(&mut self, incoming: &Incoming) {
        if let Some(subscription) = &mut self.0 {
            subscription.tell(incoming);
        }
    }
}

impl Subscription {
    #[cold]
    fn tell(&mut self, incoming: &Incoming) {
        let since = self.since.take();
        let producer = propagation::extract(|name| incoming.headers.get(name));
        if !self.tracer.is_for(producer.as_ref()) {
            return;
        }
        let subject = incoming.subject.as_str();
        let mut all = self.declarations.iter();
        let template = all.find(|one| tidings_subject::matches(one.filter, subject));
        let template = template.map(|one| one.template);
        let name = match template {
            Some(template) => format!("{RECEIVE} {template}").into(),
            None => RECEIVE.into(),
        };
        let links = producer.into_iter().collect();
        let of = (since, &Context::current(), links);
        let mut span = self.tracer.build(name, SpanKind::Client, of);
        if !span.is_recording() {
            return;
        }
        tracer::describe(&mut span, (RECEIVE, RECEIVE), &self.transport);
        let id = incoming.headers.message_id();
        tracer::describe_message(&mut span, subject, id, incoming.payload.len());
        if let Some(template) = template {
            span.set_attribute(KeyValue::new("messaging.destination.template", template));
        }
        if let Some(group) = &self.group {
            span.set_attribute(KeyValue::new("messaging.consumer.group.name", group.clone()));
        }
        span.end();
    }
}
