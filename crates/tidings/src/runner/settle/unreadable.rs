//! A message that breaks each connection that it comes on: put aside, and given up only
//! then.

use std::sync::Arc;

use tokio::time::sleep;

use super::dead_letter::{STORE_RETRY, UnstoredCount};
use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::runner::Worker;
use crate::runner::execute::Shared;
use crate::transport::{Fault, Settlement, Unreadable};

impl Worker {
    /// Puts it aside in a task of its own, however long that takes; until the shutdown's deadline.
    pub(crate) fn set_aside(&self, unreadable: Unreadable) {
        let shared = Arc::clone(&self.shared);
        shared.counters.unreadable();
        self.shared.spawn(async move {
            tokio::select! {
                biased;
                () = shared.abort.cancelled() => {}
                () = shared.set_aside(&unreadable) => {}
                // It would come again meanwhile, and break the connection.
                never = shared.progress.report(unreadable.settle.as_ref()) => match never {},
            }
        });
    }
}

impl Shared {
    async fn set_aside(self: &Arc<Self>, unreadable: &Unreadable) {
        let (mut waits, mut unstored, mut is_stored) = (STORE_RETRY.waits(), None, false);
        while let Err(fault) = self.give_up(unreadable, &mut is_stored).await {
            let error = format!("a message that no client can read can't be put aside: {fault}");
            tracing::error!(route = self.label, error);
            match &unstored {
                None => unstored = Some(UnstoredCount::new(self, error)),
                Some(unstored) => UnstoredCount::goes_on(unstored, error),
            }
            sleep(waits.lengthen()).await;
        }
        let Unreadable { message, receipt, .. } = unreadable;
        let (stream, sequence) = (&*receipt.stream, message.sequence);
        tracing::error!(
            route = self.label,
            stream,
            sequence,
            "{}; it is given up",
            Unreadable::why(message)
        );
    }

    /// One whose letter refers to it is given up all the same: it would break the connection again.
    async fn give_up(&self, unreadable: &Unreadable, is_stored: &mut bool) -> Result<(), Fault> {
        let Unreadable { message, receipt, settle } = unreadable;
        if let Some(letters) = self.letters.as_ref().filter(|_| !*is_stored) {
            let cause = Cause {
                reason: DeadLetterReason::Unreadable,
                error: Unreadable::why(message).to_owned(),
                attempts: self.policy.attempts_of(receipt.attempt),
                first_failed_at: None,
                last_failed_at: self.link.transport.now(),
            };
            dead_letter::store_read(&self.link, letters, message, receipt, &cause).await?;
        }
        if !std::mem::replace(is_stored, true) {
            self.counters.put_aside();
        }
        if self.acks_all {
            self.in_flight.ack_window(|window| window.aside(message.sequence));
            return Ok(());
        }
        let Some(settle) = settle else { return Ok(()) };
        let settlement = Settlement::term(Unreadable::why(message));
        settle.confirm(settlement, self.link.patience.request).await
    }
}
