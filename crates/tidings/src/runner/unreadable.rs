//! A message that breaks each connection that it comes on: put aside, and given up only
//! then.

use std::sync::Arc;

use tokio::time::sleep;

use super::Worker;
use super::conclude::{FIRST_STORE, MOST_STORE};
use super::gate::Trouble;
use super::worker::Shared;
use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::jitter::jittered;
use crate::transport::{Fault, Settlement, Unreadable};

impl Worker {
    /// Puts it aside in a task of its own, however long that takes; until the shutdown's deadline.
    pub(super) fn set_aside(&self, unreadable: Unreadable) {
        let shared = Arc::clone(&self.shared);
        shared.tally.unreadable();
        self.shared.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = shared.abort.cancelled() => {}
                () = shared.set_aside(unreadable) => {}
            }
        });
    }
}

impl Shared {
    async fn set_aside(&self, unreadable: Unreadable) {
        let mut pause = FIRST_STORE;
        while let Err(fault) = self.give_up(&unreadable).await {
            let error = format!("a message that no client can read can't be put aside: {fault}");
            tracing::error!(route = self.label, error);
            self.gate.failing(Trouble::Letters, self.link.transport.now(), error);
            // It would come again meanwhile, and break the connection.
            if let Some(settle) = &unreadable.settle
                && let Err(fault) = settle.send(Settlement::Progress).await
            {
                tracing::debug!(route = self.label, %fault, "it may come again");
            }
            sleep(jittered(pause)).await;
            pause = (pause * 2).min(MOST_STORE);
        }
        self.gate.well(Trouble::Letters);
        let Unreadable { message, receipt, .. } = &unreadable;
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
    async fn give_up(&self, unreadable: &Unreadable) -> Result<(), Fault> {
        let Unreadable { message, receipt, settle } = unreadable;
        if let Some(letters) = &self.letters {
            let cause = Cause {
                reason: DeadLetterReason::Unreadable,
                error: Unreadable::why(message).to_owned(),
                attempts: self.policy.attempts_of(receipt.attempt),
                first_failed_at: None,
                last_failed_at: self.link.transport.now(),
            };
            dead_letter::store_read(&self.link, letters, message, receipt, &cause).await?;
        }
        if self.acks_all {
            self.ledger.cover(|cover| cover.aside(message.sequence));
            return Ok(());
        }
        match settle {
            Some(settle) => {
                settle
                    .confirm(Settlement::term(Unreadable::why(message)), self.link.patience.request)
                    .await
            }
            None => Ok(()),
        }
    }
}
