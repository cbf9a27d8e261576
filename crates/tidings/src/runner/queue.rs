//! Feeding a route from core subscriptions.

use futures_util::stream::SelectAll;
use tokio::time::{sleep, sleep_until};

use super::intake::{Feed, Halt, Intake};
use crate::jitter::jittered;
use crate::probe::Listener;
use crate::subject::Subject;
use crate::transport::{Fault, Inbox};

/// The wait before subscriptions that can't be made again are tried anew.
const RETRY: std::time::Duration = std::time::Duration::from_secs(1);

/// What a route subscribes to.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    pub(crate) filters: Vec<Subject>,
    pub(crate) group: String,
}

/// Until the worker stops; then the interest ends, and what was already delivered is handled.
pub(super) async fn run(
    mut intake: Intake,
    subscriptions: Subscriptions,
    inboxes: Vec<Inbox>,
    listener: Listener,
) {
    let (worker, gate) = (intake.worker().clone(), intake.worker().gate());
    let mut feed = Feed::Core(inboxes.into_iter().collect());
    loop {
        let halt = intake.run(&mut feed, &listener).await;
        end(&mut intake, feed, &listener).await;
        match halt {
            Halt::Stopped | Halt::Dry => return,
            Halt::Paused => tokio::select! {
                biased;
                () = worker.stopped() => return,
                () = gate.is_paused(false) => {}
            },
            Halt::Open(until) => tokio::select! {
                biased;
                () = worker.stopped() => return,
                () = sleep_until(until) => {}
            },
        }
        let again = async {
            loop {
                match subscribe(&intake, &subscriptions).await {
                    Ok(inboxes) => return Some(inboxes),
                    Err(Fault::Closed) => return None,
                    Err(fault) => {
                        let (route, now) = (worker.label(), worker.link().transport.now());
                        tracing::error!(route, %fault, "a route can't listen again");
                        gate.failing(now, fault.to_string());
                    }
                }
                sleep(jittered(RETRY)).await;
            }
        };
        let inboxes = tokio::select! {
            biased;
            () = worker.stopped() => return,
            inboxes = again => inboxes,
        };
        let Some(inboxes) = inboxes else { return };
        gate.well();
        feed = Feed::Core(inboxes);
    }
}

async fn subscribe(
    intake: &Intake,
    Subscriptions { filters, group }: &Subscriptions,
) -> Result<SelectAll<Inbox>, Fault> {
    let transport = &intake.worker().link().transport;
    let mut inboxes = SelectAll::new();
    for filter in filters {
        inboxes.push(transport.subscribe(filter.clone(), Some(group)).await?);
    }
    Ok(inboxes)
}

/// Ends the interest, and handles what was already delivered.
async fn end(intake: &mut Intake, feed: Feed, listener: &Listener) {
    let Feed::Core(inboxes) = feed else { return };
    let mut ended = SelectAll::new();
    for mut inbox in inboxes {
        match inbox.stop().await {
            Ok(()) => ended.push(inbox),
            // It would go on: what it holds is lost, as everything sent while nobody listens.
            Err(fault) => {
                let route = intake.worker().label();
                tracing::warn!(route, %fault, "a subscription was cut off");
            }
        }
    }
    intake.finish(Some(&mut Feed::Core(ended)), listener).await;
}
