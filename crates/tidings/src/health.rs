//! Health of a bus and of a registry: whether a process lives, whether it is ready, and why not.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::link::Link;
use crate::transport::ConnectionStatus;

/// Health of a bus, or of a registry that runs; what answers a probe. It can be written as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// `false` once only a new process can help: the bus is closed for good.
    pub live: bool,
    /// `true` if the program can take work: no reason speaks against it.
    pub ready: bool,
    /// Reasons why the program is not ready.
    pub reasons: Vec<HealthReason>,
}

/// Reason why something is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthReason {
    /// The bus is closed, or has given up its server.
    Closed,
    /// The connection is away; it is tried again.
    Disconnected {
        /// Reason why there is no connection.
        cause: String,
    },
    /// The connection of core subscriptions is away, so that they hear nothing; it is tried again.
    NotListening {
        /// Reason why there is no connection.
        cause: String,
    },
    /// The server is about to stop.
    LameDuck,
    /// The registry shuts down, or has done so.
    Stopping,
    /// The connection is there, and the server does not answer in time.
    Silent {
        /// Error of the question.
        error: String,
    },
    /// A route is paused by a call.
    Paused {
        /// The route.
        route: String,
    },
    /// The circuit breaker of a route is open.
    Open {
        /// The route.
        route: String,
        /// The last failure of its handler.
        error: String,
    },
    /// A route can't take messages, or can't put aside what it gives up.
    Failing {
        /// The route.
        route: String,
        /// Error of the route.
        error: String,
    },
    /// The consumer of a route can't be looked at: it is gone, or JetStream does not answer.
    Consumer {
        /// The route.
        route: String,
        /// The consumer.
        consumer: String,
        /// Words of the server.
        error: String,
    },
    /// More events wait for a route than [`HealthThresholds::max_lag`] allows.
    Lag {
        /// The route.
        route: String,
        /// Number of events that wait for their first delivery.
        pending: u64,
        /// Maximum number of events that may wait.
        limit: u64,
    },
    /// More of a route's events are being tried again than [`HealthThresholds::max_redelivered`] allows.
    Redelivered {
        /// The route.
        route: String,
        /// Number of events that were delivered more than once and are not settled.
        redelivered: u64,
        /// Maximum number of such events.
        limit: u64,
    },
    /// Something else that the program watches is not as it should be.
    Program {
        /// The watched thing, in a word.
        what: String,
        /// The problem.
        problem: String,
    },
    /// Events that are tried again take all places of a route's consumer: no new one is delivered.
    Full {
        /// The route.
        route: String,
        /// Maximum number of events that may be delivered and not settled (`max_ack_pending`).
        max_ack_pending: u64,
    },
}

/// Bounds between ready and not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthThresholds {
    pub(crate) within: Duration,
    pub(crate) max_lag: Option<u64>,
    pub(crate) max_redelivered: Option<u64>,
}

impl Default for HealthThresholds {
    fn default() -> Self {
        Self { within: Duration::from_secs(1), max_lag: None, max_redelivered: None }
    }
}

impl HealthThresholds {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time that the server has to answer; the default is 1 s. A server that is known to
    /// be away is not waited for at all.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// Sets the maximum number of events that may wait for a route's consumer; by default any
    /// number. All instances that share the consumer are told the same.
    #[must_use]
    pub fn max_lag(mut self, events: u64) -> Self {
        self.max_lag = Some(events);
        self
    }

    /// Sets the maximum number of a route's events that may be tried again at a time; by default
    /// any number.
    #[must_use]
    pub fn max_redelivered(mut self, events: u64) -> Self {
        self.max_redelivered = Some(events);
        self
    }
}

impl Health {
    /// Adds something that the program watches itself, such as its database, to the reasons against being ready.
    #[must_use]
    pub fn with_problem(mut self, what: impl Into<String>, problem: impl Into<String>) -> Self {
        let (what, problem) = (what.into(), problem.into());
        self.reasons.push(HealthReason::Program { what, problem });
        self.ready = false;
        self
    }

    /// Health with these reasons.
    pub(crate) fn of(reasons: Vec<HealthReason>) -> Self {
        let live = !reasons.contains(&HealthReason::Closed);
        Self { live, ready: reasons.is_empty(), reasons }
    }
}

/// Reasons that lie in the connection. The server is asked only where there is one.
pub(crate) async fn connection(link: &Link, within: Duration) -> Vec<HealthReason> {
    let state = link.transport.state();
    match state.status {
        ConnectionStatus::Closed => return vec![HealthReason::Closed],
        ConnectionStatus::Connecting { cause, .. }
        | ConnectionStatus::Reconnecting { cause, .. } => {
            return vec![HealthReason::Disconnected { cause: cause.to_string() }];
        }
        ConnectionStatus::Connected => {}
    }
    let mut reasons = Vec::new();
    if let Some(
        ConnectionStatus::Connecting { cause, .. } | ConnectionStatus::Reconnecting { cause, .. },
    ) = state.listening
    {
        reasons.push(HealthReason::NotListening { cause: cause.to_string() });
    }
    if state.lame_duck {
        reasons.push(HealthReason::LameDuck);
    }
    if let Some(error) = link.pulse.feel(&link.transport, within).await {
        reasons.push(HealthReason::Silent { error });
    }
    reasons
}

impl fmt::Display for HealthReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the bus is closed"),
            Self::Disconnected { cause } => f.write_str(cause),
            Self::NotListening { cause } => write!(f, "core subscriptions hear nothing: {cause}"),
            Self::LameDuck => f.write_str("the server is about to stop"),
            Self::Stopping => f.write_str("the service shuts down"),
            Self::Silent { error } => write!(f, "the server does not answer: {error}"),
            Self::Paused { route } => write!(f, "route `{route}` is paused"),
            Self::Open { route, error } => {
                write!(f, "the circuit breaker of route `{route}` is open: {error}")
            }
            Self::Failing { route, error } => write!(f, "route `{route}` can't work: {error}"),
            Self::Consumer { route, consumer, error } => {
                write!(f, "consumer `{consumer}` of route `{route}` can't be looked at: {error}")
            }
            Self::Lag { route, pending, limit } => {
                write!(f, "{pending} events wait for route `{route}`, more than {limit}")
            }
            Self::Redelivered { route, redelivered, limit } => {
                write!(
                    f,
                    "{redelivered} events of route `{route}` are tried again, more than {limit}"
                )
            }
            Self::Program { what, problem } => write!(f, "{what}: {problem}"),
            Self::Full { route, max_ack_pending } => write!(
                f,
                "events that are tried again take all {max_ack_pending} places of route `{route}` \
                 (`max_ack_pending`)"
            ),
        }
    }
}
