//! Feeding a route from core subscriptions.

use std::sync::Arc;

use tokio::time::{sleep, sleep_until};

use crate::jitter::jittered;
use crate::probe::Listener;
use crate::runner::active_route::ActiveRoute;
use crate::runner::schedule::Scheduler;
use crate::runner::schedule::message_feed::{MessageFeed, StopReason};
use crate::runner::status::route_state::RouteFault;
use crate::subject::Subject;
use crate::transport::{Fault, Inbox, Inboxes};

/// The wait before subscriptions that can't be made again are tried anew.
const RETRY: std::time::Duration = std::time::Duration::from_secs(1);

/// Subscriptions of a route.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    pub(crate) filters: Vec<Subject>,
    pub(crate) group: String,
}

/// Runs until the route stops; then the interest ends, and what was already delivered is handled.
pub(crate) async fn run(
    scheduler: &mut Scheduler,
    subscriptions: &Subscriptions,
    inboxes: Option<Vec<Inbox>>,
    listener: &Listener,
) {
    let (active, state) = (scheduler.route().clone(), scheduler.route().state());
    let mut feed = inboxes.map(|inboxes| MessageFeed::Core(watched(&active, inboxes)));
    loop {
        if let Some(mut feed) = feed.take() {
            let reason = scheduler.run(&mut feed, listener).await;
            end(scheduler, feed, listener).await;
            match reason {
                StopReason::Stopped
                | StopReason::Dry
                | StopReason::Broken
                | StopReason::Yielding
                | StopReason::Crowded => return,
                StopReason::Paused => tokio::select! {
                    biased;
                    () = active.stopped() => return,
                    () = state.is_paused(false) => {}
                },
                StopReason::Open(until) => tokio::select! {
                    biased;
                    () = active.stopped() => return,
                    () = sleep_until(until) => {}
                },
            }
        }
        let again = async {
            loop {
                match subscribe(&active, subscriptions).await {
                    Ok(inboxes) => return Some(inboxes),
                    Err(Fault::Closed) => return None,
                    Err(fault) => {
                        let (route, now) = (active.label(), active.link.transport.now());
                        tracing::error!(route, %fault, "a route can't listen again");
                        state.failing(RouteFault::Feed, now, fault.to_string());
                    }
                }
                sleep(jittered(RETRY)).await;
            }
        };
        let inboxes = tokio::select! {
            biased;
            () = active.stopped() => return,
            inboxes = again => inboxes,
        };
        let Some(inboxes) = inboxes else { return };
        state.clear_fault(RouteFault::Feed);
        feed = Some(MessageFeed::Core(inboxes));
    }
}

async fn subscribe(
    active: &Arc<ActiveRoute>,
    Subscriptions { filters, group }: &Subscriptions,
) -> Result<Inboxes, Fault> {
    let mut inboxes = Vec::with_capacity(filters.len());
    for filter in filters {
        inboxes.push(active.link.transport.subscribe(filter.clone(), Some(group)).await?);
    }
    Ok(watched(active, inboxes))
}

/// The inboxes as one, with what they drop counted among what the route did.
fn watched(active: &Arc<ActiveRoute>, inboxes: Vec<Inbox>) -> Inboxes {
    for inbox in &inboxes {
        active.counters().watch(inbox.dropped());
    }
    inboxes.into_iter().collect()
}

/// Ends the interest, and handles what was already delivered.
async fn end(scheduler: &mut Scheduler, mut feed: MessageFeed, listener: &Listener) {
    if let MessageFeed::Core(inboxes) = &mut feed {
        inboxes.stop();
    }
    scheduler.finish(&mut feed, listener).await;
    // The deadline has passed: what is here and not begun is told apart from what never came.
    let left = scheduler.leave(feed).await;
    if left > 0 {
        let route = scheduler.route().label();
        tracing::warn!(route, left, "messages that came before the shutdown were not handled");
    }
}
