//! Feeding a worker from core subscriptions.

use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;

use super::Worker;
use crate::probe::Listener;
use crate::transport::Inbox;

/// Until the worker stops; then the interest ends, and what was already delivered is handled.
pub(super) async fn run(worker: Worker, inboxes: Vec<Inbox>, listener: Listener) {
    let mut inboxes: SelectAll<Inbox> = inboxes.into_iter().collect();
    loop {
        tokio::select! {
            biased;
            () = worker.stopped() => break,
            more = next(&worker, &mut inboxes, &listener) => if !more { return },
        }
    }
    let mut ended = SelectAll::new();
    for mut inbox in inboxes {
        match inbox.stop().await {
            Ok(()) => ended.push(inbox),
            // It would go on: what it holds is lost, as everything sent while nobody listens.
            Err(fault) => {
                tracing::warn!(route = worker.label(), %fault, "a subscription was cut off");
            }
        }
    }
    let mut inboxes = ended;
    while next(&worker, &mut inboxes, &listener).await {}
}

/// Handles one message; `false` if there will be no more.
async fn next(worker: &Worker, inboxes: &mut SelectAll<Inbox>, listener: &Listener) -> bool {
    // The permit comes first: a message is only taken when it can be handled at once.
    let Some(permit) = worker.permit().await else { return false };
    let incoming = tokio::select! {
        biased;
        () = worker.aborted() => None,
        incoming = listener.attend(inboxes.next()) => incoming,
    };
    let Some(incoming) = incoming else { return false };
    worker.handle(incoming, permit);
    true
}
