//! Health of a registry that runs: its connection, its routes and their consumers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::plan::Wiring;
use super::{Control, RouteStatus, Running};
use crate::health::{self, Health, HealthReason, HealthThresholds};
use crate::link::Link;
use crate::lock::locked;
use crate::runner::{Lifecycle, RouteState};
use crate::transport::{ConsumerState, Fault, Transport};

/// Age at which what is known of a consumer is looked at again.
const FRESH: Duration = Duration::from_millis(500);
/// Maximum number of looks at once, and of those that are added each second: never more than 14 in
/// one. With those whether the server answers it is 20 messages to the server.
const MOST_LOOKS: u32 = 7;

/// The consumers of a registry, and what was last seen of them.
#[derive(Debug)]
pub(super) struct Consumers {
    all: Vec<Watched>,
    allowance: Mutex<(Instant, f64)>,
}

#[derive(Debug)]
struct Watched {
    route: String,
    stream: &'static str,
    name: String,
    max_ack_pending: u64,
    seen: Mutex<Option<(Instant, Seen)>>,
}

#[derive(Debug, Clone)]
enum Seen {
    State(ConsumerState),
    Fault(String),
}

impl Consumers {
    /// Makes the set of the consumers of routes that are wired like this.
    pub(super) fn of<'a>(routes: impl Iterator<Item = (String, u64, &'a Wiring)>) -> Self {
        let watched = |(route, max_ack_pending, wiring): (_, _, &Wiring)| match wiring {
            Wiring::Durable { stream, config } => Some(Watched {
                route,
                stream: stream.name,
                name: config.name.clone(),
                max_ack_pending,
                seen: Mutex::default(),
            }),
            Wiring::Queue { .. } | Wiring::Endpoint { .. } => None,
        };
        let allowance = Mutex::new((Instant::now(), f64::from(MOST_LOOKS)));
        Self { all: routes.filter_map(watched).collect(), allowance }
    }

    /// Takes as many looks as there may be now, up to so many.
    fn take_looks(&self, wanted: usize) -> usize {
        let mut allowance = locked(&self.allowance);
        let (since, left) = *allowance;
        let most = f64::from(MOST_LOOKS);
        let mut left = (left + since.elapsed().as_secs_f64() * most).min(most);
        let mut taken = 0;
        while taken < wanted && left >= 1.0 {
            left -= 1.0;
            taken += 1;
        }
        *allowance = (Instant::now(), left);
        taken
    }

    /// Looks at those that were looked at longest ago, as far as that is allowed now.
    async fn look(&self, transport: &Transport, within: Duration) {
        let seen_at = |one: &Watched| locked(&one.seen).as_ref().map(|(at, _)| *at);
        let mut due: Vec<_> = self.all.iter().map(|one| (seen_at(one), one)).collect();
        due.retain(|(at, _)| at.is_none_or(|at| at.elapsed() >= FRESH));
        due.sort_by_key(|(at, _)| *at);
        due.truncate(self.take_looks(due.len()));
        join_all(due.into_iter().map(|(_, one)| one.look(transport, within))).await;
    }
}

impl Watched {
    async fn look(&self, transport: &Transport, within: Duration) {
        let asked = timeout(within, transport.consumer_state(self.stream, &self.name)).await;
        let seen = match asked {
            Ok(Ok(state)) => Seen::State(state),
            // Where asking is denied, nothing is known against the consumer.
            Ok(Err(Fault::Denied(_))) => return,
            Ok(Err(fault)) => Seen::Fault(fault.to_string()),
            Err(_) => Seen::Fault(Fault::Timeout.to_string()),
        };
        *locked(&self.seen) = Some((Instant::now(), seen));
    }

    fn reasons(&self, thresholds: &HealthThresholds, reasons: &mut Vec<HealthReason>) {
        let Some((_, seen)) = locked(&self.seen).clone() else { return };
        let route = || self.route.clone();
        let state = match seen {
            Seen::State(state) => state,
            Seen::Fault(error) => {
                let consumer = self.name.clone();
                return reasons.push(HealthReason::Consumer { route: route(), consumer, error });
            }
        };
        if let Some(limit) = thresholds.max_lag.filter(|limit| state.pending > *limit) {
            reasons.push(HealthReason::Lag { route: route(), pending: state.pending, limit });
        }
        let redelivered = state.redelivered;
        if let Some(limit) = thresholds.max_redelivered.filter(|limit| redelivered > *limit) {
            reasons.push(HealthReason::Redelivered { route: route(), redelivered, limit });
        }
        let max_ack_pending = self.max_ack_pending;
        if redelivered >= max_ack_pending {
            reasons.push(HealthReason::Full { route: route(), max_ack_pending });
        }
    }
}

/// Reason that a route's state gives, if any.
fn reason(status: RouteStatus) -> Option<HealthReason> {
    let RouteStatus { message: route, state } = status;
    match state {
        RouteState::Running => None,
        RouteState::Paused => Some(HealthReason::Paused { route }),
        RouteState::Open { error, .. } => Some(HealthReason::Open { route, error }),
        RouteState::Failing { error, .. } => Some(HealthReason::Failing { route, error }),
    }
}

/// Asks how healthy a registry is that runs, from anywhere in the program; made by
/// [`Running::health_probe`]. A cheap clone, for whoever answers probes.
///
/// It outlasts the registry, and says then that it is [stopping](HealthReason::Stopping). Like a clone of the bus it
/// keeps the connection.
#[derive(Debug, Clone)]
pub struct HealthProbe {
    link: Link,
    control: Control,
    consumers: Arc<Consumers>,
    stop: CancellationToken,
}

impl HealthProbe {
    pub(super) fn new(
        link: &Link,
        control: &Control,
        consumers: Consumers,
        lifecycle: &Lifecycle,
    ) -> Self {
        let (link, control) = (link.clone(), control.clone());
        Self { link, control, consumers: Arc::new(consumers), stop: lifecycle.stop.clone() }
    }

    /// Health of the registry, as [`Running::health`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn health(&self) -> Health {
        self.health_by(&HealthThresholds::default()).await
    }

    /// Health of the registry by these thresholds, as [`Running::health_by`]. Once it is shut down, or about to be, it
    /// is not ready.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.created")]
    /// # struct UserCreated { name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # let welcome = |_: UserCreated, _: Context| async { Ok(()) };
    /// use tidings::HealthThresholds;
    ///
    /// let running = Registry::new("mail").handle::<UserCreated>(welcome).start(&bus).await?;
    /// let probe = running.health_probe(); // for the state of an HTTP server
    /// assert!(probe.health_by(&HealthThresholds::new().max_lag(10_000)).await.ready);
    /// running.shutdown().await;
    /// assert!(!probe.health().await.ready);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn health_by(&self, thresholds: &HealthThresholds) -> Health {
        let transport = &self.link.transport;
        let mut reasons = health::connection(&self.link, thresholds.within).await;
        if self.stop.is_cancelled() {
            reasons.push(HealthReason::Stopping);
            return Health::of(reasons);
        }
        reasons.extend(self.control.status().into_iter().filter_map(reason));
        // Only a server that answers is asked more.
        let is_silent = |reason: &HealthReason| {
            matches!(
                reason,
                HealthReason::Closed
                    | HealthReason::Disconnected { .. }
                    | HealthReason::Silent { .. }
            )
        };
        if !reasons.iter().any(is_silent) {
            self.consumers.look(transport, thresholds.within).await;
        }
        for consumer in &self.consumers.all {
            consumer.reasons(thresholds, &mut reasons);
        }
        Health::of(reasons)
    }
}

impl Running {
    /// Asks for its health from elsewhere: a handle that can be cloned, and that outlasts the shutdown.
    pub fn health_probe(&self) -> HealthProbe {
        self.probe.clone()
    }

    /// Health of the registry: whether it lives and is ready, by the default thresholds, as
    /// [`health_by`](Self::health_by).
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn health(&self) -> Health {
        self.probe.health().await
    }

    /// Health of the registry: whether it lives and is ready, by its connection as
    /// [`Bus::health_by`](crate::Bus::health_by) looks at it, the state of each route, and the
    /// consumers of the routes with a stream.
    ///
    /// A server that is away is not waited for, and one that does not answer no longer than twice
    /// [`HealthThresholds::within`]. What is known of a consumer is up to half a second old, older where
    /// there are more than a few: with all that it asks, a registry sends no more than 20 messages to the server
    /// in any second, however many routes it has and however often its health is asked for. Consumers come
    /// first that were not looked at for longest.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.created")]
    /// # struct UserCreated { name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # let welcome = |_: UserCreated, _: Context| async { Ok(()) };
    /// use tidings::HealthThresholds;
    ///
    /// let running = Registry::new("mail").handle::<UserCreated>(welcome).start(&bus).await?;
    /// let health = running.health_by(&HealthThresholds::new().max_lag(10_000)).await;
    /// assert!(health.live && health.ready, "{:?}", health.reasons);
    /// # running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn health_by(&self, thresholds: &HealthThresholds) -> Health {
        self.probe.health_by(thresholds).await
    }
}
