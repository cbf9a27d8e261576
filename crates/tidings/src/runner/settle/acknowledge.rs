//! Telling a stream what becomes of a message: acknowledging it, alone or with others, and giving it
//! back.

use std::sync::Arc;

use tokio::time::Instant;

use crate::context::HandledMessage;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::transport::{Fault, Incoming, Settle, Settlement, SettlementReason};

/// Maximum number of times that the ack of a last attempt is sent, until the server says that it
/// has it.
const LAST_ACKS: usize = 5;

/// Settles a message where an ack covers all before it: what is done is acknowledged with
/// others.
pub(crate) async fn settle_in_order(
    active: &ActiveRoute,
    message: &Arc<HandledMessage>,
    settle: &Settle,
    settlement: Settlement,
) -> Result<(), Fault> {
    if settlement.is_final() {
        return match active.in_flight.ack_window(|window| window.handled(message)) {
            Some(due) => due.send(Settlement::of(SettlementReason::Covered)).await,
            None => Ok(()),
        };
    }
    if let Some(receipt) = &message.receipt {
        active.in_flight.ack_window(|window| window.give_back(receipt.sequence));
    }
    settle.send(settlement).await
}

/// Settles a message that is not handled, for this reason.
pub(crate) fn pass(
    active: &Arc<ActiveRoute>,
    message: &Arc<HandledMessage>,
    reason: SettlementReason<'static>,
) {
    if active.acks_all && Settlement::of(reason).is_final() {
        let due = active.in_flight.ack_window(|window| window.handled(message));
        return acknowledge_all(active, due);
    }
    if let Some(settle) = message.settle.clone() {
        send_unwatched(active, settle, reason);
    }
}

/// Sends the ack of many messages, without waiting for it.
pub(crate) fn acknowledge_all(active: &Arc<ActiveRoute>, due: Option<Settle>) {
    if let Some(due) = due {
        send_unwatched(active, due, SettlementReason::Covered);
    }
}

/// Settles for this reason, without waiting for it.
fn send_unwatched(active: &Arc<ActiveRoute>, settle: Settle, reason: SettlementReason<'static>) {
    if let Some(sent) = settle.ack_at_once(reason) {
        return not_acknowledged(active, sent);
    }
    let own = Arc::clone(active);
    active.spawn(async move {
        let active = own;
        let sent = settle.send(Settlement::of(reason)).await;
        not_acknowledged(&active, sent);
    });
}

pub(crate) fn not_acknowledged(active: &ActiveRoute, sent: Result<(), Fault>) {
    if let Err(fault) = sent {
        let route = &active.label;
        tracing::error!(route, %fault, "handled messages could not be acknowledged");
    }
}

/// Says so, if a message could not be settled.
pub(crate) fn unsettled(active: &ActiveRoute, message: &Incoming, sent: Result<(), Fault>) {
    if let Err(fault) = sent {
        let (route, subject) = (&active.label, message.subject.as_str());
        tracing::error!(route, subject, %fault, "a handled message could not be settled");
    }
}

/// Acks until the server has it: an ack that is lost would make a dead letter of a message that
/// was handled, since nobody may handle it again. If the server never says that it has it, the
/// message is remembered here, and acknowledged once more when it comes again.
pub(crate) async fn acknowledge(
    active: &ActiveRoute,
    message: &Incoming,
    settle: &Settle,
    reason: SettlementReason<'_>,
) -> Result<(), Fault> {
    let mut acked = Ok(());
    for _ in 0..LAST_ACKS {
        acked = settle.confirm(Settlement::of(reason), active.link.timeouts.ack).await;
        if acked.is_ok() {
            active.done.forget(message);
            return acked;
        }
        active.done.remember(message);
    }
    acked
}

/// Lets all instances know that a message is given back that was not tried.
pub(crate) async fn note_given_back(active: &ActiveRoute, queued: &QueuedMessage) {
    if let Some(receipt) = &queued.incoming.receipt {
        // What is not known here comes by a filter that may not be known here either.
        active.look.notify_one();
        active.given_back.note(&active.link, active.letters.as_deref(), receipt).await;
    }
}

/// Gives a message back that was not begun, unless that failed before: where one can't be given
/// back, the next can't either.
pub(crate) async fn send_back(
    active: &ActiveRoute,
    queued: &QueuedMessage,
    given_back: &mut Result<(), Fault>,
) {
    if let (true, Some(receipt)) = (active.acks_all, &queued.incoming.receipt) {
        active.in_flight.ack_window(|window| window.give_back(receipt.sequence));
    }
    active.ack_floor.mark_unsettled(&queued.incoming);
    if let (Ok(()), Some(settle)) = (&*given_back, &queued.incoming.settle) {
        let due_in = queued.due.and_then(|due| due.checked_duration_since(Instant::now()));
        *given_back = settle.send(Settlement::of(SettlementReason::NotBegun { due_in })).await;
    }
}
