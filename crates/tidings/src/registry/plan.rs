//! Plan of each route, decided before anything is touched.

use std::collections::BTreeSet;

use super::{Registry, ServeError, store};
use semver::Version;

use crate::key_value::GetError;
use crate::message::{Declaration, MessageKind, filters};
use crate::retry::LONGEST;
use crate::route::{RouteSpec, WatchSpec};
use crate::stream::{Retention, StreamDeclaration};
use crate::subject::Subject;
use crate::subscribe::check_name;
use crate::topology::ConsumerOwner;
use crate::transport::{AckPolicy, ConsumerConfig, DeliverFrom};

/// The queue group of service endpoints (ADR-32).
const SERVICE_GROUP: &str = "q";

/// Wiring of a route.
#[derive(Debug)]
pub(super) enum Wiring {
    /// An event without a stream: a core subscription in a queue group.
    Queue { filters: Vec<Subject>, group: String },
    /// An event with a stream: a durable consumer.
    Durable { stream: StreamDeclaration, config: ConsumerConfig },
    /// A request: a service endpoint.
    Endpoint { declaration: &'static Declaration, name: String, group: String },
}

/// Checks a registry that is to run, and decides what each route becomes.
pub(super) fn plan(registry: &Registry) -> Result<Vec<Wiring>, ServeError> {
    let wirings = wirings(registry)?;
    if wirings.is_empty() && registry.watches.is_empty() {
        return Err(ServeError::Empty { registry: registry.name.clone() });
    }
    Ok(wirings)
}

/// Checks a registry, which may be without a handler, and decides what each route becomes.
pub(super) fn wirings(registry: &Registry) -> Result<Vec<Wiring>, ServeError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if registry.name.is_empty() || !registry.name.chars().all(is_name) {
        return Err(ServeError::Name { name: registry.name.clone() });
    }
    if !is_semantic(&registry.version) {
        return Err(ServeError::Version {
            registry: registry.name.clone(),
            version: registry.version.clone(),
        });
    }
    let wirings = wire_all(registry)?;
    for watch in &registry.watches {
        check_watch(watch)?;
    }
    store::check(registry)?;
    for (route, wiring) in registry.routes.iter().zip(&wirings) {
        if let Wiring::Endpoint { declaration, .. } = wiring {
            outside_streams(&route.label(), declaration, &wirings)?;
        }
    }
    Ok(wirings)
}

/// Checks a bucket's handler.
fn check_watch(watch: &WatchSpec) -> Result<(), ServeError> {
    let watched = &watch.watched;
    if let Err(source) = watched.filter.clone() {
        return Err(ServeError::Watch { bucket: watched.bucket, source: GetError::Key(source) });
    }
    match watch.retry.problem() {
        None => Ok(()),
        Some(problem) => {
            let message = watch.label().to_owned();
            Err(ServeError::Option { message, option: "retry", problem })
        }
    }
}

/// A stream that keeps a request's subject answers the asker with its own ack, at once.
fn outside_streams(
    message: &str,
    request: &'static Declaration,
    wirings: &[Wiring],
) -> Result<(), ServeError> {
    for wiring in wirings {
        let Wiring::Durable { stream, .. } = wiring else { continue };
        let subjects = (stream.config)().subjects;
        if subjects.iter().any(|kept| tidings_subject::overlaps(kept, request.filter)) {
            return Err(ServeError::RequestInStream {
                message: message.to_owned(),
                subject: request.template,
                stream: stream.name.to_owned(),
            });
        }
    }
    Ok(())
}

/// Wires all routes, no two of them the same.
fn wire_all(registry: &Registry) -> Result<Vec<Wiring>, ServeError> {
    let mut taken = BTreeSet::new();
    registry
        .routes
        .iter()
        .map(|route| {
            let wiring = wire(registry, route)?;
            let (what, name) = match &wiring {
                Wiring::Queue { filters, group } => {
                    ("queue group and subject", format!("{group} {filters:?}"))
                }
                Wiring::Durable { stream, config } => {
                    ("durable consumer", format!("{} {}", stream.name, config.name))
                }
                Wiring::Endpoint { name, .. } => ("endpoint", name.clone()),
            };
            if taken.insert((what, name.clone())) {
                Ok(wiring)
            } else {
                Err(ServeError::Twice { registry: registry.name.clone(), what, name })
            }
        })
        .collect()
}

fn wire(registry: &Registry, route: &RouteSpec) -> Result<Wiring, ServeError> {
    let refused =
        |option, problem: String| ServeError::Option { message: route.label(), option, problem };
    if let Some((option, problem)) = route.problem() {
        return Err(refused(option, problem));
    }
    let named = |name: &str, what| {
        check_name(name, what)
            .map_err(|source| ServeError::Subscribe { message: route.label(), source })
    };
    if let [declaration] = route.declarations
        && declaration.kind == MessageKind::Request
    {
        if let Some(option) = route.stream_options().next() {
            let why = "a request is answered once and not kept by a stream";
            return Err(refused(option, why.to_owned()));
        }
        if route.filters.as_ref().is_ok_and(|filters| !filters.is_empty()) {
            let why = "a request is answered on all of its subjects, or who asks on another one is told that nobody is there";
            return Err(refused("filter", why.to_owned()));
        }
        let group = route.queue_group.as_deref().unwrap_or(SERVICE_GROUP);
        named(group, "queue group")?;
        return Ok(Wiring::Endpoint {
            declaration,
            name: declaration.name.replace('.', "-"),
            group: group.to_owned(),
        });
    }
    if route.tells_errors {
        return Err(refused("tell_errors", "nobody asks for an event, or is told".to_owned()));
    }
    let filters = match &route.filters {
        Ok(narrowed) if !narrowed.is_empty() => narrowed.clone(),
        _ => filters(route.declarations),
    };
    let Some(stream) = stream_of(route)? else {
        if let Some(option) = route.stream_options().next() {
            let why = "no stream keeps the event, so it comes only once";
            return Err(refused(option, why.to_owned()));
        }
        let group = route.queue_group.as_deref().unwrap_or(&registry.name);
        named(group, "queue group")?;
        return Ok(Wiring::Queue { filters, group: group.to_owned() });
    };
    if route.queue_group.is_some() {
        let why = "a stream's events are shared by their durable consumer";
        return Err(refused("queue_group", why.to_owned()));
    }
    if let Some((option, problem)) = route.stream_problem() {
        return Err(refused(option, problem));
    }
    let name = match (&route.durable, route.name) {
        (Some(durable), _) => durable.clone(),
        (None, Some(name)) => format!("{}-{}", registry.name, name.replace('.', "_")),
        (None, None) => return Err(ServeError::Unnamed { message: route.label() }),
    };
    named(&name, "durable consumer")?;
    let is_work_queue = || (stream.config)().retention == Retention::WorkQueue;
    if route.ack_every.is_some() && is_work_queue() {
        let why =
            format!("a work queue's messages are settled one by one, and `{}` is one", stream.name);
        return Err(refused("ack_every", why));
    }
    if route.from.is_some_and(|from| from != DeliverFrom::Beginning) && is_work_queue() {
        let why = format!(
            "a work queue's consumers begin at its beginning, and `{}` is one",
            stream.name
        );
        return Err(refused("from", why));
    }
    let owner = ConsumerOwner {
        registry: registry.name.clone(),
        version: registry.version.clone(),
        message: route.label(),
        is_default: route.durable.is_none(),
    };
    let acks = if route.ack_every.is_some() { AckPolicy::All } else { AckPolicy::Explicit };
    let config = ConsumerConfig {
        filters,
        from: route.from.unwrap_or(DeliverFrom::Beginning),
        acks,
        ack_wait: route.ack_wait().min(LONGEST),
        max_deliver: route.max_deliver(),
        max_ack_pending: Some(route.max_ack_pending()),
        metadata: owner.notes(),
        // One that failed waits here, and not at the server.
        backoff: match acks {
            AckPolicy::Explicit => route.retry().backoff(route.ack_wait()),
            AckPolicy::All => Vec::new(),
        },
        ..ConsumerConfig::new(name)
    };
    Ok(Wiring::Durable { stream, config })
}

/// The one stream that keeps all of a route's events; `None` if no stream keeps any.
fn stream_of(route: &RouteSpec) -> Result<Option<StreamDeclaration>, ServeError> {
    let mut streams = route.declarations.iter().map(|d| d.stream);
    let first = streams.next().flatten();
    let name = |stream: &Option<StreamDeclaration>| stream.map(|stream| stream.name);
    if streams.all(|other| name(&other) == name(&first)) {
        Ok(first)
    } else {
        Err(ServeError::Streams { message: route.label() })
    }
}

/// Returns `true` if it is a version as <https://semver.org> writes it, which ADR-32 asks for.
fn is_semantic(version: &str) -> bool {
    Version::parse(version).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_semantic() {
        for version in [
            "0.0.0",
            "1.4.0",
            "1.0.0-rc.1",
            "1.0.0-x+7",
            "1.2.3+build.5",
            "1.0.0--",
            "1.0.0-0A.is.legal",
            "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
            "18446744073709551615.0.0",
        ] {
            assert!(is_semantic(version), "{version}");
        }
        for version in [
            "",
            "1",
            "1.2",
            "v1.2.3",
            "1.2.3.4",
            "01.2.3",
            "1.2.3-",
            "1.2.3 x",
            "1.2.3-0123",
            "1.0.0-alpha..1",
            "1.2.3+",
            "1.2.3+a+b",
            "1.2.3-a_b",
            "+1.2.3",
            "1.2.3-é",
            "18446744073709551616.0.0",
        ] {
            assert!(!is_semantic(version), "{version}");
        }
    }
}
