//! Messages that come again: those that the route is done with, and those with no attempt left.

use std::sync::Arc;

use super::acknowledge::{acknowledge, unsettled};
use crate::envelope::declaration_of;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::give_back_note::GiveBackNote;
use crate::transport::{Incoming, Settlement, SettlementReason};

/// Returns the message as if it came again.
pub(super) fn redelivered(active: &ActiveRoute, queued: QueuedMessage) -> QueuedMessage {
    let mut again = queued.incoming.fresh_copy();
    if let Some(receipt) = &mut again.renew().receipt {
        receipt.attempt += 1;
    }
    let incoming = Arc::new(again);
    let span = active.begin(&incoming);
    QueuedMessage { incoming, span, ..queued }
}

/// Settles a message as before that has come again and that this route is done with; `false` if
/// it is not.
pub(crate) async fn is_done(active: &ActiveRoute, message: &Incoming) -> bool {
    let Some(settle) = &message.settle else { return false };
    // The task that stores the message's letter settles it.
    if active.pending.knows(message) {
        return true;
    }
    if active.is_kept(message) {
        let sent = settle.send(Settlement::of(SettlementReason::Referred)).await;
        unsettled(active, message, sent);
        return true;
    }
    if !active.done.knows(message) {
        return false;
    }
    let reason = SettlementReason::HandledBefore;
    let acked = Box::pin(acknowledge(active, message, settle, reason)).await;
    unsettled(active, message, acked);
    true
}

/// Returns `true` if a message has no attempt left, where deliveries may have been none: those to
/// instances that do not know the message. Such an instance gives it back however often it came.
pub(crate) async fn is_spent(active: &ActiveRoute, message: &Incoming) -> bool {
    let Some(receipt) = message.receipt.as_ref().filter(|_| active.is_used_up(message)) else {
        return false;
    };
    if declaration_of(active.declarations, message).is_err() {
        return false;
    }
    active.policy.is_used_up(active.history.failures(receipt).saturating_add(1))
        || !Box::pin(GiveBackNote::may_be(&active.link, receipt)).await
}
