//! Checks of a message before its handler: whether it is passed over, used up or kept.

use super::super::in_flight::queued_message::QueuedMessage;
use super::ActiveRoute;
use crate::transport::{Incoming, SettlementReason};

impl ActiveRoute {
    /// Reason why a message is settled here without its handler; `None` where it is to be handled.
    #[inline]
    pub(crate) fn passes(&self, message: &Incoming) -> Option<SettlementReason<'static>> {
        self.passed_over(message).or_else(|| {
            let is_settled = self.ack_floor.is_settled(message);
            is_settled.then_some(SettlementReason::SettledBefore)
        })
    }

    /// Reason why a message is passed over, on a route that acknowledges many messages at once; on
    /// any other its transport has passed over what is.
    #[inline]
    pub(crate) fn passed_over(&self, message: &Incoming) -> Option<SettlementReason<'static>> {
        if self.acks_all { self.pass_over(message) } else { None }
    }

    fn pass_over(&self, message: &Incoming) -> Option<SettlementReason<'static>> {
        let reason = if is_for_another(message) {
            SettlementReason::ForAnother
        } else if message.is_no_event() {
            SettlementReason::NoEvent
        } else {
            return None;
        };
        self.counters.skip_counters().count_skipped(message.subject.as_str());
        Some(reason)
    }

    /// Returns `true` if a message is not to be tried any more.
    pub(crate) fn is_used_up(&self, message: &Incoming) -> bool {
        let Incoming { settle, receipt, .. } = message;
        settle.is_some() && receipt.as_ref().is_some_and(|r| self.policy.is_used_up(r.attempt))
    }

    /// Returns `true` if a message comes again that its handler is not to get.
    #[inline]
    pub(crate) fn is_over(&self, message: &Incoming) -> bool {
        message.receipt.is_some() && (self.is_used_up(message) || self.is_kept(message))
    }

    /// Returns `true` if a message is not to be tried again after this delivery.
    pub(crate) fn is_last_attempt(&self, queued: &QueuedMessage) -> bool {
        let attempt = queued.incoming.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
        self.policy.is_used_up(attempt.saturating_add(1))
    }

    /// Returns `true` if a message has come again that is given up: its letter is on its way, or refers to it.
    pub(crate) fn is_kept(&self, message: &Incoming) -> bool {
        let comes_again = message.receipt.as_ref().is_some_and(|receipt| receipt.attempt > 1);
        comes_again && (self.kept.knows(message) || self.pending.knows(message))
    }
}

fn is_for_another(message: &Incoming) -> bool {
    let Incoming { headers, receipt, .. } = message;
    receipt
        .as_ref()
        .is_some_and(|receipt| headers.is_for_another(&receipt.stream, &receipt.consumer))
}
