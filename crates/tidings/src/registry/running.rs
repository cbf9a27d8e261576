//! A registry that runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::plan::{Wiring, plan};
use super::serve::SHUTDOWN_DEADLINE;
use super::{Registry, ServeError};
use crate::link::Link;
use crate::route::RouteSpec;
use crate::runner::{self, Endpoint, RouteReport, Runner, ServiceIdentity, Tally, Worker};
use crate::subscribe::SubscribeError;
use crate::topology::{self, Modes};

/// How long the server may take to see that everything listens, or that everything is settled.
const BARRIER: Duration = Duration::from_secs(5);

/// A registry that runs. Dropping it shuts it down without waiting: no new messages are taken, and
/// handlers that are running finish by themselves.
#[derive(Debug)]
#[must_use = "dropping it shuts the registry down"]
pub struct Running {
    runner: Runner,
    routes: Vec<(String, Arc<Tally>)>,
    link: Link,
}

pub(super) async fn start(registry: Registry, link: Link) -> Result<Running, ServeError> {
    let wirings = plan(&registry)?;
    let runner = Runner::new();
    let mut endpoints = Vec::new();
    let mut routes = Vec::new();
    let mut started = Vec::new();
    let modes = Modes { streams: registry.streams, consumers: registry.consumers };
    let mut streams = BTreeSet::new();
    for (route, wiring) in registry.routes.iter().zip(&wirings) {
        // All that can be refused or takes its time comes first: who listens gets messages.
        provision(&link, wiring, modes, &mut streams)
            .await
            .map_err(|fault| fault.named(route.label()))?;
    }
    for (route, wiring) in registry.routes.into_iter().zip(wirings) {
        let label = route.label();
        let worker = Worker::new(&route, link.clone(), &runner);
        routes.push((label.clone(), worker.tally()));
        let source = connect(&link, &route, (wiring, modes), &worker, &mut endpoints)
            .await
            .map_err(|fault| fault.named(label))?;
        started.push((worker, source));
    }
    if !endpoints.is_empty() {
        let identity = ServiceIdentity::new(
            registry.name,
            registry.version,
            registry.description,
            registry.metadata,
        );
        let first = routes.first().map(|(label, _)| label.clone()).unwrap_or_default();
        runner
            .monitor(&link, identity, endpoints)
            .await
            .map_err(|source| ServeError::Subscribe { message: first, source })?;
    }
    // Every handler listens when this returns, not some time later.
    if let Err(fault) = link.transport.barrier(BARRIER).await {
        let message = routes.first().map(|(label, _)| label.clone()).unwrap_or_default();
        return Err(ServeError::Subscribe { message, source: SubscribeError::core(fault) });
    }
    for (worker, source) in started {
        runner.run(worker, source);
    }
    Ok(Running { runner, routes, link })
}

/// What went wrong with one route, before it is known by name.
enum RouteFault {
    Provision(topology::ProvisionError),
    Subscribe(SubscribeError),
}

impl RouteFault {
    fn named(self, message: String) -> ServeError {
        match self {
            Self::Provision(source) => ServeError::Provision { message, source },
            Self::Subscribe(source) => ServeError::Subscribe { message, source },
        }
    }
}

/// Makes what a route needs, as far as the modes let it; each of the `streams` once.
async fn provision(
    link: &Link,
    wiring: &Wiring,
    modes: Modes,
    streams: &mut BTreeSet<&'static str>,
) -> Result<(), RouteFault> {
    let Wiring::Durable { stream, config } = wiring else { return Ok(()) };
    if streams.insert(stream.name) {
        topology::provision(&link.transport, &(stream.config)(), modes.streams)
            .await
            .map_err(RouteFault::Provision)?;
    }
    topology::ensure_consumer(&link.transport, stream.name, config, modes.consumers)
        .await
        .map(drop)
        .map_err(|fault| SubscribeError::of_consumer(fault, stream.name, &config.name))
        .map_err(RouteFault::Subscribe)
}

/// Makes what a route listens on.
async fn connect(
    link: &Link,
    route: &RouteSpec,
    (wiring, modes): (Wiring, Modes),
    worker: &Worker,
    endpoints: &mut Vec<Endpoint>,
) -> Result<runner::Source, RouteFault> {
    let core = |fault| RouteFault::Subscribe(SubscribeError::core(fault));
    match wiring {
        Wiring::Queue { filters, group } => {
            let mut inboxes = Vec::with_capacity(filters.len());
            for filter in filters {
                inboxes.push(link.transport.subscribe(filter, Some(&group)).await.map_err(core)?);
            }
            Ok(runner::Source::Core(inboxes))
        }
        Wiring::Durable { stream, config } => {
            Ok(runner::Source::Durable { stream, config, prefetch: route.concurrency, modes })
        }
        Wiring::Endpoint { declaration, name, group } => {
            let filter = crate::subject::Subject::from_static(declaration.filter);
            let inbox = link.transport.subscribe(filter, Some(&group)).await.map_err(core)?;
            endpoints.push(Endpoint::new(name, declaration, group, worker.tally()));
            Ok(runner::Source::Core(vec![inbox]))
        }
    }
}

impl Running {
    /// What each handler did so far, in the order they were added.
    pub fn report(&self) -> Vec<RouteReport> {
        self.routes.iter().map(|(message, tally)| tally.report(message.clone())).collect()
    }

    /// Shuts down within 30 s, as [`shutdown_within`](Self::shutdown_within).
    ///
    /// # Cancel safety
    /// If the future is dropped, the shutdown goes on without a deadline.
    pub async fn shutdown(self) -> Vec<RouteReport> {
        self.shutdown_within(SHUTDOWN_DEADLINE).await
    }

    /// Takes no new messages, lets the handlers that are running finish, and settles what they
    /// handled. Returns what each handler did.
    ///
    /// What a server has sent to a core subscription is handled too: members of a queue group that
    /// leave like this lose nothing. (Between the servers of a cluster nobody promises that: one may
    /// send to a member that has just left another.) A stream's messages that were not begun go to
    /// another instance.
    ///
    /// When `deadline` has passed, handlers that are still running are dropped, and their stream
    /// events come again ([`RouteReport::aborted`]). Messages of core subscriptions that were not
    /// begun by then are lost, and counted ([`RouteReport::left`]); who asked gets an error.
    ///
    /// # Cancel safety
    /// If the future is dropped, the shutdown goes on without a deadline.
    pub async fn shutdown_within(self, deadline: Duration) -> Vec<RouteReport> {
        self.runner.shutdown(deadline).await;
        // The last acks are on their way: let the server have them before the process ends.
        if let Err(fault) = self.link.transport.barrier(BARRIER).await {
            tracing::warn!(%fault, "the server did not confirm the end of the shutdown");
        }
        self.routes.iter().map(|(message, tally)| tally.report(message.clone())).collect()
    }
}
