//! A registry that runs.

use std::sync::Arc;
use std::time::Duration;

use super::control::Controlled;
use super::health::{Consumers, HealthProbe};
#[cfg(feature = "metrics")]
use super::metrics;
use super::plan::{Wiring, plan};
use super::provision::{StartFault, provision};
use super::watch::{self, StartedWatch};
use super::{Control, Registry, RouteStatus, ServeError, answer, dead_letters};
use crate::discovery::{Endpoint, Responder, ServiceIdentity};
use crate::link::Link;
use crate::route::RouteSpec;
use crate::runner::{
    self, ActiveRoute, Counters, Durable, PrefetchLimits, RouteReport, Runner, Scheduler,
    Subscriptions,
};
use crate::stream::Environment;
use crate::subscribe::SubscribeError;
use crate::topology::{ConsumerPlan, Modes};
use crate::transport::Inbox;

/// Time that the server has to see that everything listens, or at most that all is settled.
const BARRIER: Duration = Duration::from_secs(5);

/// A registry that runs. Dropping it shuts it down without waiting: no new messages are taken, and
/// handlers that are running finish by themselves.
#[derive(Debug)]
#[must_use = "dropping it shuts the registry down"]
pub struct Running {
    runner: Runner,
    routes: Vec<(String, Arc<Counters>)>,
    control: Control,
    link: Link,
    pub(super) probe: HealthProbe,
}

pub(super) async fn start(mut registry: Registry, link: Link) -> Result<Running, ServeError> {
    let wirings = plan(&registry)?;
    first_connection(&registry, &link).await?;
    let runner = Runner::new();
    let mut endpoints = Vec::new();
    let mut routes = Vec::new();
    let mut controlled = Vec::new();
    let mut started = Vec::new();
    let mut active_routes = Vec::new();
    #[cfg(feature = "metrics")]
    let (recorded, mut measured) = (registry.metrics.or(link.measures_every()), Vec::new());
    let environment = link.environment.with(registry.stream_edit.0.clone());
    let modes = Modes { streams: registry.streams, consumers: registry.consumers };
    let within = (modes, &environment);
    // All that can be refused or takes its time comes first: who listens gets messages.
    let letters = registry.dead_letters.stream_of(&registry.name);
    let plans = provision(&link, (&registry.routes, &wirings), within, letters.as_deref()).await?;
    let watched = registry.routes.iter().zip(&wirings);
    let consumers = Consumers::of(
        watched.map(|(route, wiring)| (route.label(), route.max_ack_pending(), wiring)),
    );
    answer::check(&link, &registry.routes, &wirings).await?;
    let backstop = dead_letters::prepare(&registry, &link, &wirings, within).await?;
    let buckets = watch::start(&mut registry, &link, within, runner.lifecycle()).await?;
    let letters = backstop.as_ref().map(|backstop| backstop.letters().to_owned());
    let durable_routes = plans.iter().flatten().count();
    for ((mut route, wiring), plan) in registry.routes.into_iter().zip(wirings).zip(plans) {
        // A consumer whose policy was kept may have a shorter ack wait than the route asks for.
        #[cfg(feature = "tower")]
        route.lay(&registry.layers.0);
        route.consumer_ack_wait = plan.as_ref().map(ConsumerPlan::ack_wait);
        let label = route.label();
        let group = match &wiring {
            Wiring::Queue { group, .. } | Wiring::Endpoint { group, .. } => Some(group.clone()),
            Wiring::Durable { .. } => None,
        };
        let (lifecycle, letters) = (runner.lifecycle(), letters.clone());
        let active = ActiveRoute::new(&route, link.clone(), lifecycle, letters, modes, group);
        routes.push((label.clone(), active.counters()));
        active_routes.push(active.clone());
        #[cfg(feature = "metrics")]
        if recorded.is_some() {
            let of = (active.counters(), active.state());
            let names = (registry.name.as_str(), label.as_str());
            measured.push(metrics::Measured::new(names, route.declarations, &wiring, of));
        }
        controlled.push(Controlled { message: label.clone(), state: active.state() });
        let mut feed =
            connect(&link, &route, (wiring, plan, modes, &environment), &active, &mut endpoints)
                .await
                .map_err(|fault| fault.named(label))?;
        if let runner::IdleFeed::Durable(durable) = &mut feed {
            durable.shares_looks(durable_routes);
        }
        let prefetch = prefetch(&feed, &route);
        started.push((Scheduler::new(active, &route, prefetch), feed));
    }
    for StartedWatch { label, active, .. } in &buckets {
        routes.push((label.clone(), active.counters()));
        controlled.push(Controlled { message: label.clone(), state: active.state() });
        #[cfg(feature = "metrics")]
        if recorded.is_some() {
            let of = (active.counters(), active.state());
            measured.push(metrics::Measured::of_watch((&registry.name, label), of));
        }
    }
    // A registry that handles events alone is found, too.
    let identity = ServiceIdentity::new(
        registry.name,
        registry.version,
        registry.description,
        registry.metadata,
    );
    let first = routes.first().map(|(label, _)| label.clone()).unwrap_or_default();
    let responder = Responder::listen(&link, identity, endpoints)
        .await
        .map_err(|source| ServeError::Subscribe { message: first, source })?;
    runner.serve_discovery(responder, active_routes.clone());
    all_listen(&link, &routes, &started).await?;
    for (scheduler, feed) in started {
        runner.run(scheduler, feed);
    }
    for StartedWatch { active, feed, .. } in buckets {
        runner.run_watch(active, feed);
    }
    if let Some(backstop) = backstop {
        runner.run_backstop(backstop, active_routes);
    }
    #[cfg(feature = "metrics")]
    if let Some(every) = recorded {
        metrics::describe();
        runner.observe(|end| metrics::record(measured, link.clone(), every, end));
    }
    registry.control.set(controlled);
    let probe = HealthProbe::new(&link, &registry.control, consumers, runner.lifecycle());
    Ok(Running { runner, routes, control: registry.control, link, probe })
}

/// Number of messages that are here and not begun, of a route that is fed so.
fn prefetch(feed: &runner::IdleFeed, route: &RouteSpec) -> PrefetchLimits {
    match feed {
        // What no stream keeps waits in its subscription, but where keys need a look ahead.
        runner::IdleFeed::Core(..) if route.key.is_none() => PrefetchLimits::same(0),
        runner::IdleFeed::Core(..) => PrefetchLimits::same(route.concurrency),
        runner::IdleFeed::Durable(_) => {
            PrefetchLimits { usual: route.prefetch(), quick: route.prefetch_when_quick() }
        }
    }
}

/// Waits until every handler listens, so that none does so some time later.
async fn all_listen(
    link: &Link,
    routes: &[(String, Arc<Counters>)],
    started: &[(Scheduler, runner::IdleFeed)],
) -> Result<(), ServeError> {
    if let Err(fault) = link.transport.allowed(BARRIER).await {
        let message = routes.first().map(|(label, _)| label.clone()).unwrap_or_default();
        return Err(ServeError::Subscribe { message, source: SubscribeError::core(fault) });
    }
    for ((label, _), (_, feed)) in routes.iter().zip(started) {
        if let runner::IdleFeed::Core(_, inboxes) = feed
            && let Some(denial) = inboxes.iter().find_map(Inbox::denied)
        {
            let (message, source) = (label.clone(), SubscribeError::Denied(denial));
            return Err(ServeError::Subscribe { message, source });
        }
    }
    Ok(())
}

/// Waits until there was a connection, where a bus was made before it.
pub(super) async fn first_connection(registry: &Registry, link: &Link) -> Result<(), ServeError> {
    let waited = link.transport.first_connection().await;
    waited.map_err(|fault| {
        let message = registry.routes.first().map(RouteSpec::label).unwrap_or_default();
        ServeError::Subscribe { message, source: SubscribeError::core(fault) }
    })
}

/// Makes what a route listens on.
async fn connect(
    link: &Link,
    route: &RouteSpec,
    (wiring, plan, modes, environment): (Wiring, Option<ConsumerPlan>, Modes, &Environment),
    active: &ActiveRoute,
    endpoints: &mut Vec<Endpoint>,
) -> Result<runner::IdleFeed, StartFault> {
    let core = |fault| StartFault::Subscribe(SubscribeError::core(fault));
    match wiring {
        Wiring::Queue { filters, group } => {
            let mut inboxes = Vec::with_capacity(filters.len());
            for filter in &filters {
                let inbox = link.transport.subscribe(filter.clone(), Some(&group)).await;
                inboxes.push(inbox.map_err(core)?);
            }
            Ok(runner::IdleFeed::Core(Subscriptions { filters, group }, inboxes))
        }
        Wiring::Durable { stream, config } => {
            let prefetch = route.at_a_time().saturating_add(route.prefetch());
            let made = environment.fit((stream.config)()).config;
            let durable = Durable::new((stream, made), config, prefetch, modes);
            // All that its instances of other versions want, too.
            durable.set_filters(plan.as_ref().map(ConsumerPlan::selects).unwrap_or_default());
            Ok(runner::IdleFeed::Durable(Box::new(durable)))
        }
        Wiring::Endpoint { declaration, name, group } => {
            let filter = crate::subject::Subject::from_static(declaration.filter);
            let inbox =
                link.transport.subscribe(filter.clone(), Some(&group)).await.map_err(core)?;
            endpoints.push(Endpoint::new(name, declaration, group.clone(), active.counters()));
            let subscriptions = Subscriptions { filters: vec![filter], group };
            Ok(runner::IdleFeed::Core(subscriptions, vec![inbox]))
        }
    }
}

impl Running {
    /// Status of each route, in the order they were added.
    pub fn status(&self) -> Vec<RouteStatus> {
        self.control.status()
    }

    /// Control over the routes: it shows their states, and pauses them.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Counters of each handler so far, in the order in which they were added.
    pub fn report(&self) -> Vec<RouteReport> {
        self.routes.iter().map(|(message, counters)| counters.report(message.clone())).collect()
    }

    /// Shuts down within 30 s, or [`BusBuilder::shutdown_timeout`](crate::BusBuilder::shutdown_timeout), as
    /// [`shutdown_within`](Self::shutdown_within).
    ///
    /// # Cancel safety
    /// If the future is dropped, the shutdown goes on without a deadline.
    pub async fn shutdown(self) -> Vec<RouteReport> {
        let within = self.link.timeouts.shutdown;
        self.shutdown_within(within).await
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
    /// begun by then are lost, and counted ([`RouteReport::left`]); who asked gets an error. Saying
    /// so takes half a second at most beyond the deadline, also while the server is away; what it
    /// could not be told by then comes again after the ack wait.
    ///
    /// # Cancel safety
    /// If the future is dropped, the shutdown goes on without a deadline.
    pub async fn shutdown_within(self, deadline: Duration) -> Vec<RouteReport> {
        let left = self.runner.shutdown(deadline).await;
        // The last acks are on their way: let the server have them before the process ends.
        if let Err(fault) = self.link.transport.barrier(BARRIER.min(left)).await {
            tracing::warn!(%fault, "the server did not confirm the end of the shutdown");
        }
        self.routes.iter().map(|(message, counters)| counters.report(message.clone())).collect()
    }
}
