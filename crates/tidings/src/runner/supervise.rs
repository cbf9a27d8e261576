//! A route's own tasks, begun again where they panic: whatever the fault is, a route that shows
//! [`RouteState::Running`](crate::runner::RouteState::Running) runs.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::execute::Shared;
use super::schedule::Scheduler;
use crate::backoff::{Backoff, Waits};
use crate::probe::Listener;
use crate::runner::Durable;
use crate::runner::Worker;
use crate::runner::feed::core::{self, Subscriptions};
use crate::runner::feed::durable as consumer;
use crate::runner::status::route_state::RouteFault;
use crate::said::{guarded, panic_text};
use crate::transport::Inbox;

/// The waits before a task that panicked is begun again.
const RESTART: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
/// How long a panic is shown, and how long a task must last to be as good as new.
const SHOWN: Duration = Duration::from_secs(30);

/// Feeds a route from core subscriptions, until the worker stops.
pub(crate) async fn core(
    mut scheduler: Scheduler,
    subscriptions: Subscriptions,
    inboxes: Vec<Inbox>,
    listener: Listener,
) {
    let (worker, mut inboxes) = (scheduler.worker().clone(), Some(inboxes));
    let mut delay = RestartDelay::default();
    loop {
        let run = core::run(&mut scheduler, &subscriptions, inboxes.take(), &listener);
        let Err(panic) = AssertUnwindSafe(run).catch_unwind().await else { return };
        worker.shared.panicked(&panic_text(panic));
        scheduler.recover();
        if !delay.wait(&worker.shared.stop).await {
            return;
        }
    }
}

/// Feeds a route from a durable consumer, until the worker stops.
pub(crate) async fn durable(mut scheduler: Scheduler, durable: Durable, listener: Listener) {
    let (worker, durable) = (scheduler.worker().clone(), Arc::new(durable));
    let mut delay = RestartDelay::default();
    loop {
        let run = consumer::run(&mut scheduler, &durable, &listener);
        let Err(panic) = AssertUnwindSafe(run).catch_unwind().await else { return };
        worker.shared.panicked(&panic_text(panic));
        scheduler.recover();
        if !delay.wait(&worker.shared.stop).await {
            return;
        }
    }
}

/// Runs what is to run until `stop`; a panic is the trouble of these routes.
pub(crate) async fn again<F: Future<Output = ()>>(
    routes: &[Worker],
    stop: &CancellationToken,
    mut run: impl FnMut() -> F,
) {
    let mut delay = RestartDelay::default();
    while let Err(panic) = AssertUnwindSafe(async { run().await }).catch_unwind().await {
        let why = panic_text(panic);
        for route in routes {
            route.shared.panicked(&why);
        }
        if !delay.wait(stop).await {
            return;
        }
    }
}

/// How long to wait before the next try.
struct RestartDelay {
    waits: Waits,
    begun: Instant,
}

impl Default for RestartDelay {
    fn default() -> Self {
        Self { waits: RESTART.waits(), begun: Instant::now() }
    }
}

impl RestartDelay {
    /// Waits; `false` if `stop` came first.
    async fn wait(&mut self, stop: &CancellationToken) -> bool {
        if self.begun.elapsed() > SHOWN {
            self.waits.reset();
        }
        let waited = stop.run_until_cancelled(sleep(self.waits.lengthen())).await;
        self.begun = Instant::now();
        waited.is_some()
    }
}

impl Shared {
    /// Does something in a task of its own: if that panics, it is shown as with the others.
    pub(crate) fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                shared.panicked(&panic_text(panic));
            }
        });
    }

    /// One of its tasks panicked: that is shown for a while.
    #[cold]
    pub(crate) fn panicked(self: &Arc<Self>, panic: &str) {
        let count = self.panics.fetch_add(1, Relaxed) + 1;
        let now = self.link.transport.now();
        self.state.failing(
            RouteFault::Task,
            now,
            format!("one of its own tasks panicked: {panic}"),
        );
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let _ = shared.stop.run_until_cancelled(sleep(SHOWN)).await;
            if shared.panics.load(Relaxed) == count {
                shared.state.well(RouteFault::Task);
            }
        });
        // Last: whoever listens to what is told may be the one that panics.
        let _ =
            guarded(|| tracing::error!(route = self.label, panic, "a task of a route panicked"));
    }
}
