//! Tasks of a route: one that panics is shown for a while.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::sleep;

use super::super::status::route_state::RouteFault;
use super::ActiveRoute;
use crate::user_code::{guarded, panic_text};

/// Time for which the panic of one of its tasks is shown.
const SHOWN: Duration = Duration::from_secs(30);

impl ActiveRoute {
    /// Does something in a task of its own: if that panics, it is shown as with the others.
    pub(crate) fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let active = Arc::clone(self);
        self.lifecycle.tasks.spawn(async move {
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                active.panicked(&panic_text(panic));
            }
        });
    }

    /// Notes that a task of the route panicked: that is shown for a while.
    #[cold]
    pub(crate) fn panicked(self: &Arc<Self>, panic: &str) {
        let count = self.panics.fetch_add(1, Relaxed) + 1;
        let now = self.link.transport.now();
        self.state.failing(
            RouteFault::Task,
            now,
            format!("one of its own tasks panicked: {panic}"),
        );
        let active = Arc::clone(self);
        self.lifecycle.tasks.spawn(async move {
            let _ = active.lifecycle.stop.run_until_cancelled(sleep(SHOWN)).await;
            if active.panics.load(Relaxed) == count {
                active.state.clear_fault(RouteFault::Task);
            }
        });
        // Last: whoever listens to what is told may be the one that panics.
        let _ =
            guarded(|| tracing::error!(route = self.label, panic, "a task of a route panicked"));
    }
}
