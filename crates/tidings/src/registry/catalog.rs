//! A registry as data: its messages, and the service that it is.

use std::time::Duration;

use tidings_contract as contract;
use tidings_contract::{Catalog, CatalogError, DurableConsumer, Handled, Kind, Service, Store};

use super::definition::Named;
use super::plan::{Wiring, wirings};
use super::{Registry, ServeError, store};
use crate::bucket::prefix_of;
use crate::claim_check::store_config;
use crate::message::{Declaration, MessageKind, versions};
use crate::route::RouteSpec;
use crate::stream::StreamDeclaration;
use crate::transport::{AckPolicy, ConsumerConfig, DeliverFrom};

/// A registry has no catalog.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryCatalogError {
    /// The registry could never work as it stands.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The registry's messages do not agree with each other.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// The messages of a registry, their streams, and the service.
pub(super) fn catalog(registry: &Registry) -> Result<Catalog, RegistryCatalogError> {
    let wirings = wirings(registry)?;
    let mut service = Service::new(&registry.name).version(&registry.version);
    if !registry.description.is_empty() {
        service = service.description(&registry.description);
    }
    let mut catalog = Catalog::new();
    for (route, wiring) in registry.routes.iter().zip(&wirings) {
        catalog.extend((route.describe)())?;
        for declaration in versions(route.declarations) {
            service = service.handles(handled(registry, route, wiring, declaration));
        }
    }
    for (route, wiring) in registry.routes.iter().zip(&wirings) {
        if let Wiring::Durable { stream, .. } = wiring {
            let store = add_large_store(stream, &mut catalog)?;
            let is_large = versions(route.declarations).any(|one| one.large.is_some());
            service.stores.extend(store.filter(|_| is_large));
        }
    }
    for watch in &registry.watches {
        let descriptor = (watch.describe)();
        let filter = match watch.watched.filter.as_deref() {
            // All that the template has: that is what the handler is told of.
            Ok(">") | Err(_) => descriptor.filter(),
            Ok(filter) => [&prefix_of(watch.watched.bucket), filter].concat(),
        };
        let (name, version) = (descriptor.name.clone(), descriptor.version);
        service = service.handles(Handled::new(Kind::Event, name, version, filter));
        catalog.add(descriptor)?;
    }
    service.stores.extend(store::describe(registry, &mut catalog)?);
    for Named { declarations, describe } in &registry.publishes {
        catalog.extend(describe())?;
        for declaration in *declarations {
            if let (Some(_), Some(stream)) = (declaration.large, &declaration.stream) {
                service.stores.extend(add_large_store(stream, &mut catalog)?);
            }
            service = service.publishes(declaration.name, declaration.version);
        }
    }
    for Named { declarations, describe } in &registry.asks {
        catalog.extend(describe())?;
        for declaration in *declarations {
            service = service.asks(declaration.name, declaration.version);
        }
    }
    catalog.add_service(service)?;
    Ok(catalog)
}

/// Adds the object store of a stream's large events, if it has one.
fn add_large_store(
    stream: &StreamDeclaration,
    catalog: &mut Catalog,
) -> Result<Option<Store>, CatalogError> {
    let Some(store) = stream.large_store else { return Ok(None) };
    let config = store_config(store, &(stream.config)());
    catalog.add_stream(config.name.clone(), config.to_value())?;
    Ok(Store::of_stream(&config.name))
}

/// A message that a route's handler gets.
fn handled(
    registry: &Registry,
    route: &RouteSpec,
    wiring: &Wiring,
    declaration: &Declaration,
) -> Handled {
    let kind = match declaration.kind {
        MessageKind::Event => Kind::Event,
        MessageKind::Request => Kind::Request,
    };
    let Declaration { name, version, filter, .. } = *declaration;
    // The filter by which the route narrows the message's subjects, where it is one.
    let narrowed = route.filters.as_deref().unwrap_or_default().iter();
    let mut narrowed = narrowed.filter(|f| tidings_subject::covers(&[filter], f.as_str()));
    let filter = match (narrowed.next(), narrowed.next()) {
        (Some(narrowed), None) => narrowed.as_str(),
        _ => filter,
    };
    let handled = Handled::new(kind, name, version, filter);
    match wiring {
        Wiring::Queue { group, .. } | Wiring::Endpoint { group, .. } => handled.queue_group(group),
        Wiring::Durable { stream, config } => {
            handled.consumer(consumer(registry, route, stream, config))
        }
    }
}

fn consumer(
    registry: &Registry,
    route: &RouteSpec,
    stream: &StreamDeclaration,
    config: &ConsumerConfig,
) -> DurableConsumer {
    let mut consumer = DurableConsumer::new(&config.name, stream.name);
    consumer.ack_policy = match config.acks {
        AckPolicy::Explicit => contract::AckPolicy::Explicit,
        AckPolicy::All => contract::AckPolicy::All,
    };
    consumer.ack_wait_ms = milliseconds(config.ack_wait);
    consumer.attempts = route.retry().attempts();
    consumer.backoff_ms = config.backoff.iter().copied().map(milliseconds).collect();
    consumer.deliver_policy = match config.from {
        DeliverFrom::Beginning => contract::DeliverPolicy::All,
        DeliverFrom::Sequence(_) => contract::DeliverPolicy::ByStartSequence,
        DeliverFrom::Time(_) => contract::DeliverPolicy::ByStartTime,
        DeliverFrom::LastPerSubject => contract::DeliverPolicy::LastPerSubject,
        DeliverFrom::New => contract::DeliverPolicy::New,
    };
    consumer.dead_letters = registry.dead_letters.stream_of(&registry.name);
    consumer.max_ack_pending = config.max_ack_pending;
    consumer.max_deliver = config.max_deliver;
    consumer
}

/// Whole milliseconds, rounded up.
fn milliseconds(duration: Duration) -> u64 {
    let more = u128::from(!duration.subsec_nanos().is_multiple_of(1_000_000));
    u64::try_from(duration.as_millis() + more).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::milliseconds;

    #[test]
    fn milliseconds_are_rounded_up() {
        for (nanoseconds, whole) in [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2), (999_999, 1)] {
            assert_eq!(milliseconds(Duration::from_nanos(nanoseconds)), whole, "{nanoseconds}");
        }
        assert_eq!(milliseconds(Duration::MAX), u64::MAX);
    }
}
