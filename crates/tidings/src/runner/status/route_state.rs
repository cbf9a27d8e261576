//! State of a route: whether it takes messages, and what keeps it from it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::SystemTime;

use tokio::sync::watch;

/// State of a route: whether it takes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteState {
    /// Takes messages.
    Running,
    /// Paused by a call.
    Paused,
    /// Paused by the circuit breaker: the handler kept failing.
    Open {
        /// Time at which it tries again.
        until: SystemTime,
        /// The last failure.
        error: String,
    },
    /// Unable to take messages, or some of its own, or to store a dead letter, and trying on; a bucket's
    /// handler that failed, for which the next changes wait; or
    /// one of its own tasks panicked within the last 30 s, and was begun again.
    Failing {
        /// Time since which it fails.
        since: SystemTime,
        /// Error that it failed with.
        error: String,
    },
}

/// Shared by a route and those who ask for its state.
#[derive(Debug, Default)]
pub(crate) struct StateCell {
    condition: watch::Sender<RouteCondition>,
    /// `true` if there is trouble: asked with every message, and so without a lock.
    troubled: AtomicBool,
}

#[derive(Debug, Clone, Default)]
struct RouteCondition {
    paused: bool,
    open: Option<(SystemTime, String)>,
    /// Troubles of the route, one for each fault that keeps it from working.
    troubles: [Option<(SystemTime, String)>; 5],
}

/// Fault that keeps a route from working.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RouteFault {
    /// No messages can be taken.
    Feed,
    /// No dead letter can be stored.
    Letters,
    /// The consumer delivers other messages than the route's, or in another way.
    Consumer,
    /// A task of the route panicked, and is begun again.
    Task,
    /// A bucket's handler failed, and what follows waits.
    Handler,
}

impl StateCell {
    pub(crate) fn state(&self) -> RouteState {
        let condition = self.condition.borrow();
        let failing = condition.troubles.iter().flatten().next();
        match (failing, condition.paused, &condition.open) {
            (_, true, _) => RouteState::Paused,
            (Some((since, error)), ..) => {
                RouteState::Failing { since: *since, error: error.clone() }
            }
            (_, _, Some((until, error))) => {
                RouteState::Open { until: *until, error: error.clone() }
            }
            _ => RouteState::Running,
        }
    }

    /// Says whether it is to take messages.
    pub(crate) fn pause(&self, paused: bool) {
        self.condition.send_if_modified(|condition| {
            std::mem::replace(&mut condition.paused, paused) != paused
        });
    }

    /// Resolves when the state is another one than at the call.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut changes = self.condition.subscribe();
        async move {
            // A route that has ended changes no more.
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Resolves when it is paused, or is not.
    pub(crate) async fn is_paused(&self, paused: bool) {
        let _ = self.condition.subscribe().wait_for(|condition| condition.paused == paused).await;
    }

    /// Opens it until then; `None` closes it again.
    pub(crate) fn open(&self, open: Option<(SystemTime, String)>) {
        self.condition.send_if_modified(|condition| {
            let changes = condition.open != open;
            condition.open = open;
            changes
        });
    }

    /// Records that it can't work, for this reason.
    pub(crate) fn failing(&self, trouble: RouteFault, now: SystemTime, error: String) {
        self.condition.send_if_modified(|condition| {
            self.troubled.store(true, Relaxed);
            match &mut condition.troubles[trouble as usize] {
                Some((_, known)) => std::mem::replace(known, error.clone()) != error,
                failing @ None => failing.replace((now, error)).is_none(),
            }
        });
    }

    /// Records that it works again, as far as this is concerned.
    #[inline]
    pub(crate) fn clear_fault(&self, trouble: RouteFault) {
        if self.troubled.load(Relaxed) {
            self.condition.send_if_modified(|condition| {
                let changes = condition.troubles[trouble as usize].take().is_some();
                self.troubled.store(condition.troubles.iter().any(Option::is_some), Relaxed);
                changes
            });
        }
    }
}
