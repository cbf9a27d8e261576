//! Spans of messages that a program takes by hand, from subscriptions and consumers that no route has.

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{Span as _, SpanKind};
use opentelemetry::{Context, KeyValue, time};

use super::propagation;
use super::settling::{SettlingByHand, Taken};
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

    /// A message came, and may be settled.
    #[inline]
    pub(crate) fn came(&mut self, incoming: &Incoming) -> SettlingByHand {
        match &mut self.0 {
            Some(subscription) => subscription.tell(incoming),
            None => SettlingByHand::default(),
        }
    }
}

impl Subscription {
    #[cold]
    fn tell(&mut self, incoming: &Incoming) -> SettlingByHand {
        let since = self.since.take();
        let producer = propagation::extract(|name| incoming.headers.get(name));
        if !self.tracer.is_for(producer.as_ref()) {
            return SettlingByHand::default();
        }
        let subject = incoming.subject.as_str();
        let mut all = self.declarations.iter();
        let template = all.find(|one| tidings_subject::matches(one.filter, subject));
        let template = template.map(|one| one.template);
        let links = producer.iter().cloned().collect();
        let of = (since, &Context::current(), links);
        let mut span = self.tracer.build(tracer::name(RECEIVE, template), SpanKind::Client, of);
        if !span.is_recording() {
            return SettlingByHand::default();
        }
        tracer::describe(&mut span, (RECEIVE, RECEIVE), &self.transport);
        let attributes: Vec<_> =
            tracer::of_incoming(incoming).chain(self.attributes(template)).collect();
        let may_be_settled = self.tracer.options.settles && incoming.settle.is_some();
        let settling = may_be_settled.then(|| {
            let (tracer, transport) = (Arc::clone(&self.tracer), self.transport.clone());
            Box::new(Taken {
                tracer,
                transport,
                template,
                attributes: attributes.clone(),
                producer,
            })
        });
        tracer::add(&mut span, attributes);
        span.end();
        SettlingByHand(settling)
    }

    /// Attributes of the subscription.
    fn attributes(&self, template: Option<&'static str>) -> impl Iterator<Item = KeyValue> {
        let template = template.map(|one| KeyValue::new("messaging.destination.template", one));
        let group = self.group.clone();
        let group = group.map(|group| KeyValue::new("messaging.consumer.group.name", group));
        template.into_iter().chain(group)
    }
}
