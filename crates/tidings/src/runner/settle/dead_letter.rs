//! Dead-lettering: the letter of a message is stored in a task of its own, and where that
//! takes its time no handler's permit is kept for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::acknowledge::{acknowledge_all, settle_in_order, unsettled};
use crate::backoff::Backoff;
use crate::context::HandledMessage;
use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::probe::End;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::runner::status::route_state::RouteFault;
use crate::traces::Parent;
use crate::transport::{Fault, Settle, Settlement, SettlementReason};

/// The first and the longest wait before a dead letter that can't be stored is stored again.
pub(crate) const STORE_RETRY: Backoff =
    Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
/// Maximum time that a message keeps its permit while its letter is on its way.
const HELD: Duration = Duration::from_secs(2);

/// A message that was put aside, and how its settlement was sent.
type PutAside = (QueuedMessage, Result<(), Fault>);

/// Says of a message that its letter is being stored, until it is dropped: if it comes again, nobody
/// else is to handle it.
struct Pending(Arc<ActiveRoute>, Arc<HandledMessage>);

impl Pending {
    fn new(active: &Arc<ActiveRoute>, message: &Arc<HandledMessage>) -> Self {
        active.pending.remember(message);
        active.ack_floor.mark_unsettled(message);
        Self(Arc::clone(active), Arc::clone(message))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Self(active, message) = self;
        active.pending.forget(message);
    }
}

/// Counts among what is given up and has no letter yet, until it is dropped.
pub(crate) struct UnstoredCount(Arc<ActiveRoute>);

impl UnstoredCount {
    /// A letter can't be stored, for this reason.
    pub(crate) fn new(active: &Arc<ActiveRoute>, error: String) -> Self {
        let mut count = active.counters.unstored();
        *count += 1;
        active.state.failing(RouteFault::Letters, active.link.transport.now(), error);
        Self(Arc::clone(active))
    }

    /// Refused again, for this reason.
    pub(crate) fn goes_on(&self, error: String) {
        let Self(active) = self;
        active.state.failing(RouteFault::Letters, active.link.transport.now(), error);
    }
}

impl Drop for UnstoredCount {
    fn drop(&mut self) {
        let Self(active) = self;
        let mut count = active.counters.unstored();
        *count = count.saturating_sub(1);
        if *count == 0 {
            active.state.clear_fault(RouteFault::Letters);
        }
    }
}

/// Stores a message as a dead letter and settles it; `None` where that takes its time: it goes on
/// without a permit then, until the shutdown's deadline.
pub(crate) async fn put_aside(
    active: &Arc<ActiveRoute>,
    queued: QueuedMessage,
    handled: HandlerExit,
    reason: DeadLetterReason,
) -> Option<PutAside> {
    let (tell, told) = oneshot::channel();
    // Where others wait for their letters this one is not waited for.
    let tell = (*active.counters.unstored() == 0).then_some(tell);
    let (active, pending) = (Arc::clone(active), Pending::new(active, &queued.incoming));
    let spawned = Arc::clone(&active);
    active.spawn(
        async move { record_outcome(&spawned, queued, &handled, reason, tell, pending).await },
    );
    timeout(HELD, told).await.ok()?.ok()
}

/// Notes the outcome, and wakes whoever waits for it.
async fn record_outcome(
    active: &Arc<ActiveRoute>,
    mut queued: QueuedMessage,
    handled: &HandlerExit,
    reason: DeadLetterReason,
    mut tell: Option<oneshot::Sender<PutAside>>,
    pending: Pending,
) {
    let why = handled.to_string();
    // From here on the task itself tells the server that it is in good hands.
    queued.in_flight = None;
    let stored = tokio::select! {
        biased;
        stored = store(active, &queued.incoming, reason.clone(), why.clone(), &mut tell) => Some(stored),
        () = active.lifecycle.abort.cancelled() => None,
        never = active.progress.report(queued.incoming.settle.as_ref()) => match never {},
    };
    drop(pending);
    let sent = match stored {
        Some(true) => settle_stored(active, &queued, handled, &reason, &why).await,
        // The letter refers to it: its stream would let go of what is settled.
        Some(false) => {
            active.kept.remember(&queued.incoming);
            keep(active, &queued, SettlementReason::Referred).await
        }
        None => keep(active, &queued, SettlementReason::Unstored).await,
    };
    let untold = match tell {
        Some(tell) => tell.send((queued, sent)).err(),
        None => Some((queued, sent)),
    };
    if let Some((queued, sent)) = untold {
        unsettled(active, &queued.incoming, sent);
        // No scheduler turns for it any more.
        if active.acks_all {
            acknowledge_all(active, active.in_flight.ack_window(AckWindow::due));
        }
    }
}

/// Settles a message that has its letter.
async fn settle_stored(
    active: &ActiveRoute,
    queued: &QueuedMessage,
    handled: &HandlerExit,
    reason: &DeadLetterReason,
    why: &str,
) -> Result<(), Fault> {
    let QueuedMessage { incoming, span, .. } = queued;
    let Some(settle) = &incoming.settle else { return Ok(()) };
    if let Some(receipt) = &incoming.receipt {
        active.history.forget(receipt);
    }
    active.ack_floor.settle(incoming);
    let settlement = Settlement::of(SettlementReason::GivenUp(why));
    match handled {
        HandlerExit::Undecodable(_) => handled.tell(span, Some(&settlement)),
        _ => span.tell(End::PutAside(handled, reason.as_str())),
    }
    send(active, incoming, settle, settlement).await
}

/// Leaves a message where it is.
async fn keep(
    active: &ActiveRoute,
    queued: &QueuedMessage,
    reason: SettlementReason<'_>,
) -> Result<(), Fault> {
    let incoming = &queued.incoming;
    let Some(settle) = &incoming.settle else { return Ok(()) };
    let settlement = Settlement::of(reason);
    send(active, incoming, settle, settlement).await
}

async fn send(
    active: &ActiveRoute,
    message: &Arc<HandledMessage>,
    settle: &Settle,
    settlement: Settlement,
) -> Result<(), Fault> {
    if active.acks_all {
        return settle_in_order(active, message, settle, settlement).await;
    }
    let settling = active.spans.settle(&message.span, &settlement, message, &active.link.transport);
    let sent = settle.send(settlement).await;
    settling.end(&sent);
    sent
}

/// Stores the letter, however long that takes, and says whether the message may be settled then.
async fn store(
    active: &Arc<ActiveRoute>,
    message: &HandledMessage,
    reason: DeadLetterReason,
    error: String,
    tell: &mut Option<oneshot::Sender<PutAside>>,
) -> bool {
    let Some(letters) = &active.letters else {
        active.counters.put_aside();
        return true;
    };
    let receipt = message.receipt.as_ref();
    let now = active.link.transport.now();
    let first = receipt.map(|receipt| active.history.first_failure(receipt, now));
    let attempts = active.policy.attempts_of(receipt.map_or(1, |receipt| receipt.attempt));
    let cause = Cause { reason, error, attempts, first_failed_at: first, last_failed_at: now };
    let (mut waits, mut unstored) = (STORE_RETRY.waits(), None);
    loop {
        let fault = match store_letter(active, letters, message, &cause).await {
            Ok(may_go) => {
                active.counters.put_aside();
                // The others need not wait any longer to be tried again.
                active.stored.notify_waiters();
                return may_go;
            }
            Err(fault) => fault,
        };
        let error = format!("dead letter in `{letters}`: {fault}");
        tracing::error!(route = active.label, error, "a dead letter can't be stored");
        match &unstored {
            None => unstored = Some(UnstoredCount::new(active, error)),
            Some(unstored) => UnstoredCount::goes_on(unstored, error),
        }
        // Its permit is free from now on.
        *tell = None;
        let _ = timeout(waits.lengthen(), active.stored.notified()).await;
    }
}

/// Stores a letter, once, and says whether its original may be settled.
async fn store_letter(
    active: &ActiveRoute,
    letters: &str,
    message: &HandledMessage,
    cause: &Cause,
) -> Result<bool, Fault> {
    let parent = if message.span.is_on() {
        message.span.parent()
    } else {
        Parent::of_message(&message.headers)
    };
    let stored = dead_letter::store(&active.link, letters, message, cause, &parent).await?;
    match &message.receipt {
        Some(receipt) => dead_letter::may_go(&active.link, stored, &receipt.stream).await,
        None => Ok(true),
    }
}
