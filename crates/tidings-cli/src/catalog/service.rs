//! Services, and what each does with the messages.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use tidings_contract::{
    AckPolicy, Catalog, DeliverPolicy, Descriptor, DurableConsumer, Handled, Kind, MessageVersion,
    Service, StoreKind,
};

use super::text::{Line, counted, spans, time};

/// Publishers and handlers of each message, by its tag.
#[derive(Debug, Default)]
pub(super) struct Services<'a> {
    senders: BTreeMap<String, BTreeSet<&'a str>>,
    handlers: BTreeMap<String, BTreeMap<&'a str, Vec<&'a Handled>>>,
    all: Vec<&'a Service>,
}

impl<'a> Services<'a> {
    pub(super) fn of(catalog: &'a Catalog) -> Self {
        let mut services = Self::default();
        for service in catalog.services() {
            let name = service.name.as_str();
            for message in service.publishes.iter().chain(&service.asks) {
                services.senders.entry(message.tag()).or_default().insert(name);
            }
            for handled in &service.handles {
                let handlers = services.handlers.entry(handled.of.tag()).or_default();
                handlers.entry(name).or_default().push(handled);
            }
            services.all.push(service);
        }
        services
    }

    /// The services that publish an event or ask a request.
    pub(super) fn senders(&self, message: &Descriptor) -> impl Iterator<Item = &'a str> {
        self.senders.get(&message.tag()).into_iter().flatten().copied()
    }

    /// The services that handle an event or answer a request, each with how it gets it.
    pub(super) fn handlers(
        &self,
        message: &Descriptor,
    ) -> impl Iterator<Item = (&'a str, &[&'a Handled])> {
        let handlers = self.handlers.get(&message.tag()).into_iter().flatten();
        handlers.map(|(name, handled)| (*name, &handled[..]))
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// A link to a service.
pub(super) fn link(name: &str) -> Markup {
    html! { a.service href={ "#service-" (Line(name)) } { (Line(name)) } }
}

/// Way in which a message reaches a service, for the message's own place.
pub(super) fn way(message: &Descriptor, handled: &Handled) -> Markup {
    html! {
        @if handled.filter != message.filter() { span.way { "only " code { (Line(&handled.filter)) } } }
        @if let Some(group) = &handled.queue_group { span.way { "queue group " code { (Line(group)) } } }
        @if let Some(consumer) = &handled.consumer {
            span.way { "consumer " code { (Line(&consumer.name)) } " · " (Line(&policy(consumer))) }
        }
    }
}

/// Policies that a consumer asks of a server, in words.
fn policy(consumer: &DurableConsumer) -> String {
    let mut told = vec![format!("ack wait {}", time(consumer.ack_wait_ms))];
    if consumer.ack_policy == AckPolicy::All {
        told.push("one ack for all before".to_owned());
    }
    if consumer.deliver_policy != DeliverPolicy::All {
        told.push(format!("begins at {}", start(consumer.deliver_policy)));
    }
    match (consumer.attempts, consumer.max_deliver) {
        (Some(1), _) => told.push("1 attempt".to_owned()),
        (Some(attempts), _) => told.push(format!("{attempts} attempts")),
        (None, Some(most)) => told.push(format!("delivered {most} times at most")),
        (None, None) => told.push("attempts without end".to_owned()),
    }
    if let [first, .., last] = consumer.backoff_ms[..] {
        told.push(format!("backoff {} to {}", time(first), time(last)));
    }
    if let Some(most) = consumer.max_ack_pending {
        told.push(format!("at most {most} unsettled"));
    }
    if let Some(stream) = &consumer.dead_letters {
        told.push(format!("dead letters in {stream}"));
    }
    told.join(", ")
}

/// Place in a stream at which a new consumer begins, in words.
fn start(policy: DeliverPolicy) -> &'static str {
    match policy {
        DeliverPolicy::New => "what is new",
        DeliverPolicy::LastPerSubject => "the last of each subject",
        DeliverPolicy::ByStartSequence => "a sequence",
        DeliverPolicy::ByStartTime => "a time",
        _ => "the first that is kept",
    }
}

/// The cards of all services.
pub(super) fn services(catalog: &Catalog, services: &Services<'_>) -> Markup {
    html! { @for service in &services.all { (card(catalog, service)) } }
}

fn card(catalog: &Catalog, service: &Service) -> Markup {
    let of_kind = |kind| {
        let handled = service.handles.iter().filter(move |one| one.kind == kind);
        handled.map(|one| &one.of).collect::<BTreeSet<_>>()
    };
    let (handles, answers) = (of_kind(Kind::Event), of_kind(Kind::Request));
    html! {
        section.card.of-service id={ "service-" (Line(&service.name)) } tabindex="-1" {
            h3 {
                (Line(&service.name))
                @if let Some(version) = &service.version { " " span.version { (Line(version)) } }
            }
            @if let Some(text) = &service.description { p { (spans(text)) } }
            (messages(catalog, "Publishes", service.publishes.iter()))
            (messages(catalog, "Handles", handles.into_iter()))
            (messages(catalog, "Asks", service.asks.iter()))
            (messages(catalog, "Answers", answers.into_iter()))
            (stores(catalog, service))
        }
    }
}

/// Number of messages of a card that are seen before it is opened.
const MOST_OPEN: usize = 8;

fn messages<'a>(
    catalog: &Catalog,
    role: &str,
    messages: impl ExactSizeIterator<Item = &'a MessageVersion>,
) -> Markup {
    let count = messages.len();
    html! {
        @if count > 0 {
            details open[count <= MOST_OPEN] {
                summary { (role) " " (counted(count, "message")) }
                ul.links { @for message in messages { li { (message_link(catalog, message)) } } }
            }
        }
    }
}

/// The buckets and object stores of a service, each with a link to its stream where the page has it.
fn stores(catalog: &Catalog, service: &Service) -> Markup {
    let streams: BTreeSet<&str> = catalog.streams().map(|(name, _)| name).collect();
    let count = service.stores.len();
    html! {
        @if count > 0 {
            details open[count <= MOST_OPEN] {
                summary { "Uses " (counted(count, "store")) }
                ul.links {
                    @for store in &service.stores {
                        @let stream = store.stream();
                        li {
                            @if streams.contains(stream.as_str()) { a href={ "#stream-" (stream) } { (Line(&store.name)) } }
                            @else { (Line(&store.name)) }
                            " " span.quiet { (kind(store.kind)) }
                        }
                    }
                }
            }
        }
    }
}

/// A kind of store, in words.
fn kind(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Bucket => "bucket",
        _ => "object store",
    }
}

/// A link to a message, where the page has it.
fn message_link(catalog: &Catalog, message: &MessageVersion) -> Markup {
    let MessageVersion { message: name, version, .. } = message;
    let version_told = html! { @if *version > 1 { " " span.version { "v" (version) } } };
    html! {
        @if catalog.get(name, *version).is_some() { a href={ "#message-" (Line(name)) } { (Line(name)) } }
        @else { (Line(name)) }
        (version_told)
    }
}
