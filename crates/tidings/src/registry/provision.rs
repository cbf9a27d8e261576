//! Making what routes need of the server: each stream once, and the consumers of many routes side by side.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::ServeError;
use super::plan::Wiring;
use crate::claim_check::store_config;
use crate::dead_letter::with_lease;
use crate::link::Link;
use crate::route::RouteSpec;
use crate::stream::Environment;
use crate::subscribe::SubscribeError;
use crate::topology::{self, ConsumerPlan, Modes};
use crate::transport::{ConsumerConfig, Transport};

/// Number of consumers that are looked at and made at a time: so many that the way to the server counts once for
/// all of them, and no more than are done while a lease lasts.
const AT_A_TIME: usize = 64;

/// Fault of starting one route, before it is known by name.
pub(super) enum StartFault {
    Provision(topology::ProvisionError),
    Subscribe(SubscribeError),
}

impl StartFault {
    pub(super) fn named(self, message: String) -> ServeError {
        match self {
            Self::Provision(source) => ServeError::Provision { message, source },
            Self::Subscribe(source) => ServeError::Subscribe { message, source },
        }
    }
}

/// Makes what the routes need, as far as the modes let it, and says of each what was left of its consumer's
/// plan; `letters` is the stream of their dead letters.
pub(super) async fn provision(
    link: &Link,
    (routes, wirings): (&[RouteSpec], &[Wiring]),
    (modes, environment): (Modes, &Environment),
    letters: Option<&str>,
) -> Result<Vec<Option<ConsumerPlan>>, ServeError> {
    let transport = &link.transport;
    let mut streams = BTreeSet::new();
    for (route, wiring) in routes.iter().zip(wirings) {
        if let Wiring::Durable { stream, .. } = wiring
            && streams.insert(stream.name)
        {
            let wanted = environment.fit((stream.config)()).config;
            let store = stream.large_store.map(|store| store_config(store, &wanted));
            for wanted in store.iter().chain([&wanted]) {
                topology::provision(transport, wanted, modes.streams)
                    .await
                    .map_err(|fault| StartFault::Provision(fault).named(route.label()))?;
            }
        }
    }
    let mut plans = Vec::with_capacity(wirings.len());
    let all: Vec<_> = routes.iter().zip(wirings).collect();
    for several in all.chunks(AT_A_TIME) {
        let look = async |(_, wiring): &(_, &Wiring)| match wiring {
            Wiring::Durable { stream, config } => is_due(transport, stream.name, config).await,
            Wiring::Queue { .. } | Wiring::Endpoint { .. } => Ok(false),
        };
        let looks = join_all(several.iter().map(look)).await;
        let mut any_due = false;
        for ((route, _), is_due) in several.iter().zip(looks) {
            any_due |= is_due.map_err(|fault| fault.named(route.label()))?;
        }
        let ensure = async |(_, wiring): &(_, &Wiring)| match wiring {
            Wiring::Durable { stream, config } => {
                let ensured =
                    topology::ensure_consumer(transport, stream.name, config, modes.consumers);
                let failed = |fault| SubscribeError::of_consumer(fault, stream.name, &config.name);
                ensured.await.map(Some).map_err(failed).map_err(StartFault::Subscribe)
            }
            Wiring::Queue { .. } | Wiring::Endpoint { .. } => Ok(None),
        };
        // Nobody else may write meanwhile what was read before.
        let ensuring = join_all(several.iter().map(ensure));
        let ensured = with_lease(transport, letters.filter(|_| any_due), ensuring).await;
        for ((route, _), plan) in several.iter().zip(ensured) {
            plans.push(plan.map_err(|fault| fault.named(route.label()))?);
        }
    }
    Ok(plans)
}

/// Returns `true` if the consumer has to be made or changed.
async fn is_due(
    transport: &Transport,
    stream: &'static str,
    config: &ConsumerConfig,
) -> Result<bool, StartFault> {
    let planned = topology::plan_consumer(transport, stream, config).await;
    let failed = |fault| SubscribeError::of_consumer(fault, stream, &config.name);
    Ok(planned.map_err(failed).map_err(StartFault::Subscribe)?.is_due())
}
