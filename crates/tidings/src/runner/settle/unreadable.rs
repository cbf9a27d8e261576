//! A message that breaks each connection that it comes on: put aside, and given up only
//! then.

use std::sync::Arc;

use tokio::time::sleep;

use super::dead_letter::{STORE_RETRY, UnstoredCount};
use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::runner::active_route::ActiveRoute;
use crate::transport::{Fault, Settlement, SettlementReason, Unreadable};

/// Puts it aside in a task of its own, however long that takes; until the shutdown's deadline.
pub(crate) fn set_aside(active: &Arc<ActiveRoute>, unreadable: Unreadable) {
    let own = Arc::clone(active);
    active.counters.unreadable();
    active.spawn(async move {
        let active = own;
        tokio::select! {
            biased;
            () = active.lifecycle.abort.cancelled() => {}
            () = store_and_give_up(&active, &unreadable) => {}
            // It would come again meanwhile, and break the connection.
            never = active.progress.report(unreadable.settle.as_ref()) => match never {},
        }
    });
}

async fn store_and_give_up(active: &Arc<ActiveRoute>, unreadable: &Unreadable) {
    let (mut waits, mut unstored, mut is_stored) = (STORE_RETRY.waits(), None, false);
    while let Err(fault) = give_up(active, unreadable, &mut is_stored).await {
        let error = format!("a message that no client can read can't be put aside: {fault}");
        tracing::error!(route = active.label, error);
        match &unstored {
            None => unstored = Some(UnstoredCount::new(active, error)),
            Some(unstored) => UnstoredCount::goes_on(unstored, error),
        }
        sleep(waits.lengthen()).await;
    }
    let Unreadable { message, receipt, .. } = unreadable;
    let (stream, sequence) = (&*receipt.stream, message.sequence);
    tracing::error!(
        route = active.label,
        stream,
        sequence,
        "{}; it is given up",
        Unreadable::why(message)
    );
}

/// Gives up a message whose letter refers to it all the same: it would break the connection again.
async fn give_up(
    active: &ActiveRoute,
    unreadable: &Unreadable,
    is_stored: &mut bool,
) -> Result<(), Fault> {
    let Unreadable { message, receipt, settle } = unreadable;
    if let Some(letters) = active.letters.as_ref().filter(|_| !*is_stored) {
        let cause = Cause {
            reason: DeadLetterReason::Unreadable,
            error: Unreadable::why(message).to_owned(),
            attempts: active.policy.attempts_of(receipt.attempt),
            first_failed_at: None,
            last_failed_at: active.link.transport.now(),
        };
        dead_letter::store_read(&active.link, letters, message, receipt, &cause).await?;
    }
    if !std::mem::replace(is_stored, true) {
        active.counters.put_aside();
    }
    let settlement = Settlement::of(SettlementReason::Unreadable(Unreadable::why(message)));
    if active.acks_all && settlement.is_final() {
        active.in_flight.ack_window(|window| window.add_unreadable(message.sequence));
        return Ok(());
    }
    let Some(settle) = settle else { return Ok(()) };
    settle.confirm(settlement, active.link.timeouts.request).await
}
