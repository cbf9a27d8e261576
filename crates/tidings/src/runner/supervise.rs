//! A route's own tasks, begun again where they panic: whatever the fault is, a route that shows
//! [`RouteState::Running`](crate::runner::RouteState::Running) runs.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::active_route::ActiveRoute;
use crate::backoff::{Backoff, Waits};
use crate::user_code::panic_text;

/// The waits before a task that panicked is begun again.
const RESTART: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
/// Time that a task must last to be as good as new.
const LASTING: Duration = Duration::from_secs(30);

/// Runs what is to run until `stop`; a panic is the trouble of these routes.
pub(crate) async fn again<F: Future<Output = ()>>(
    routes: &[Arc<ActiveRoute>],
    stop: &CancellationToken,
    mut run: impl FnMut() -> F,
) {
    let mut delay = RestartDelay::default();
    while let Err(panic) = AssertUnwindSafe(async { run().await }).catch_unwind().await {
        let why = panic_text(panic);
        for route in routes {
            route.panicked(&why);
        }
        if !delay.wait(stop).await {
            return;
        }
    }
}

/// Wait before the next try, which grows with each and begins anew once a task has lasted.
pub(crate) struct RestartDelay {
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
    pub(crate) async fn wait(&mut self, stop: &CancellationToken) -> bool {
        if self.begun.elapsed() > LASTING {
            self.waits.reset();
        }
        let waited = stop.run_until_cancelled(sleep(self.waits.lengthen())).await;
        self.begun = Instant::now();
        waited.is_some()
    }
}
