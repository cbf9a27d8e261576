//! Feeding a worker from core subscriptions.

use futures_util::stream::SelectAll;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::task::unconstrained;

use super::Worker;
use crate::probe::Listener;
use crate::transport::Inbox;

/// Until the worker stops; then the interest ends, and what was already delivered is handled.
pub(super) async fn run(worker: Worker, inboxes: Vec<Inbox>, listener: Listener) {
    for inbox in &inboxes {
        worker.tally().watch(inbox.dropped());
    }
    let mut inboxes: SelectAll<Inbox> = inboxes.into_iter().collect();
    loop {
        tokio::select! {
            biased;
            () = worker.stopped() => break,
            more = next(&worker, &mut inboxes, &listener) => if !more { return },
        }
    }
    inboxes.iter_mut().for_each(Inbox::stop);
    while next(&worker, &mut inboxes, &listener).await {}
    // The deadline has passed: what is here and not begun is told apart from what never came.
    let mut left = 0_u64;
    while let Some(Some(incoming)) = unconstrained(inboxes.next()).now_or_never() {
        left += 1;
        worker.leave(incoming).await;
    }
    if left > 0 {
        let route = worker.label();
        tracing::warn!(route, left, "messages that came before the shutdown were not handled");
    }
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
