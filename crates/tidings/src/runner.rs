//! Running handlers: what feeds them, what becomes of their results, and how they end.

mod active_route;
mod execute;
mod feed;
mod in_flight;
mod policy;
mod schedule;
mod settle;
mod status;
mod supervise;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub(crate) use active_route::{ActiveRoute, Lifecycle};
pub(crate) use feed::{Durable, Subscriptions};
pub(crate) use schedule::{PrefetchLimits, Scheduler};
pub(crate) use status::{Counters, StateCell};
pub use status::{RouteReport, RouteState};
pub(crate) use watch::ActiveWatch;

use crate::backstop::Backstop;
use crate::discovery::Responder;
use crate::key_value::NewsFeed;
use crate::transport::Inbox;

/// Time that all that is left may take where the deadline has passed: dropped handlers' messages
/// are given back. Of it so much is for the server to hear that no more are wanted.
const AFTER_DEADLINE: Duration = Duration::from_millis(500);
const FEEDS_END: Duration = Duration::from_millis(250);
/// Time that what ends at once may take, and a server that is near to answer.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Feed of a route, before it runs.
#[derive(Debug)]
pub(crate) enum IdleFeed {
    /// Core subscriptions, also a service's.
    Core(Subscriptions, Vec<Inbox>),
    /// A durable consumer.
    Durable(Box<Durable>),
}

/// All tasks of one registry.
#[derive(Debug)]
pub(crate) struct Runner {
    lifecycle: Lifecycle,
    /// Ends the answers to discovery, once the last handler has ended.
    monitor: CancellationToken,
    /// The tasks that answer discovery.
    monitors: TaskTracker,
    /// A runner that is dropped takes no new messages and answers no more.
    _on_drop: [DropGuard; 2],
}

impl Runner {
    pub(crate) fn new() -> Self {
        let (stop, monitor) = (CancellationToken::new(), CancellationToken::new());
        Self {
            monitors: TaskTracker::new(),
            _on_drop: [stop.clone().drop_guard(), monitor.clone().drop_guard()],
            monitor,
            lifecycle: Lifecycle {
                tasks: TaskTracker::new(),
                feeds: TaskTracker::new(),
                stop,
                abort: CancellationToken::new(),
            },
        }
    }

    /// Handles that track the runner's tasks and tell them to end.
    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Starts to feed a route.
    pub(crate) fn run(&self, scheduler: Scheduler, feed: IdleFeed) {
        match feed {
            IdleFeed::Core(subscriptions, inboxes) => {
                let listener = scheduler.route().listen(None);
                self.lifecycle.tasks.spawn(feed::from_subscriptions(
                    scheduler,
                    subscriptions,
                    inboxes,
                    listener,
                ))
            }
            IdleFeed::Durable(durable) => {
                let of = (durable.stream.name, durable.config.name.as_str());
                let listener = scheduler.route().listen(Some(of));
                self.lifecycle.tasks.spawn(feed::from_consumer(scheduler, *durable, listener))
            }
        };
    }

    /// Starts to tell a handler what becomes of a bucket.
    pub(crate) fn run_watch(&self, watch: ActiveWatch, feed: NewsFeed) {
        self.lifecycle.tasks.spawn(async move { watch.run(feed).await });
    }

    /// Starts to put aside what was never settled.
    pub(crate) fn run_backstop(&self, backstop: Backstop, routes: Vec<Arc<ActiveRoute>>) {
        let stop = self.lifecycle.stop.clone();
        self.lifecycle.tasks.spawn(async move {
            supervise::again(&routes, &stop, || backstop.run(stop.clone())).await;
        });
    }

    /// Answers service discovery, until the last handler has ended.
    pub(crate) fn serve_discovery(&self, responder: Responder, routes: Vec<Arc<ActiveRoute>>) {
        let end = self.monitor.clone();
        self.monitors.spawn(async move {
            supervise::again(&routes, &end, || responder.answer(&end)).await;
        });
    }

    /// Does something beside the routes, until the last handler has ended.
    #[cfg(feature = "metrics")]
    pub(crate) fn observe<F>(&self, work: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.monitors.spawn(work(self.monitor.clone()));
    }

    /// Ends: no new messages, then the handlers within `deadline`, then those that are left. Gives
    /// how much time there is left for what comes after.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Duration {
        let begun = Instant::now();
        self.lifecycle.stop.cancel();
        self.lifecycle.tasks.close();
        self.lifecycle.feeds.close();
        let mut end = deadline;
        if timeout(deadline, self.lifecycle.tasks.wait()).await.is_err() {
            end = deadline.saturating_add(AFTER_DEADLINE);
            // What a dropped handler gives back would else come here again, and be lost.
            let _ = timeout(FEEDS_END, self.lifecycle.feeds.wait()).await;
            self.lifecycle.abort.cancel();
            // A handler that blocks its thread can't be dropped; it must not keep the process.
            let left = end.saturating_sub(begun.elapsed());
            if timeout(left, self.lifecycle.tasks.wait()).await.is_err() {
                tracing::error!(
                    tasks = self.lifecycle.tasks.len(),
                    "some handlers can't be dropped"
                );
            }
        }
        // Who asks after the shutdown shall find nobody: its subscriptions end here, not later.
        self.monitor.cancel();
        self.monitors.close();
        let left = end.saturating_sub(begun.elapsed());
        let _ = timeout(left.max(AT_ONCE), self.monitors.wait()).await;
        end.saturating_sub(begun.elapsed()).max(AT_ONCE)
    }
}
