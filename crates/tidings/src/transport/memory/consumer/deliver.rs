//! Next delivery of a consumer: what comes again first, then what is new.

use tokio::time::Instant;

use super::super::advisory::{self};
use super::super::effects::Effects;
use super::super::log::{Log, selects};
use super::super::pending::Pending;
use super::{Acks, Consumer, Delivery, after};

impl Consumer {
    /// Takes what is to be delivered next.
    pub(crate) fn take(
        &mut self,
        log: &Log,
        now: Instant,
        effects: &mut Effects,
    ) -> Option<Delivery> {
        if self.paused_until.is_some_and(|until| until > now) {
            return None;
        }
        let delivery = self.take_again(now, effects).or_else(|| self.take_new(log, now));
        self.set_alarm(effects);
        delivery
    }

    /// Takes what is to be delivered again, which comes first, and in spite of `max_ack_pending`:
    /// it is pending already.
    pub(crate) fn take_again(&mut self, now: Instant, effects: &mut Effects) -> Option<Delivery> {
        while let Some(sequence) = self.again.pop_front() {
            if !self.due.remove(&sequence) || self.exhaust(sequence, effects) {
                continue;
            }
            if let Some(pending) = self.pending.get_mut(&sequence) {
                pending.attempts += 1;
                self.delivered += 1;
                let attempt = pending.attempts;
                self.set_deadline(sequence, after(now, self.config.wait_of(attempt)));
                return Some(Delivery { sequence, attempt });
            }
        }
        None
    }

    pub(crate) fn take_new(&mut self, log: &Log, now: Instant) -> Option<Delivery> {
        if self.is_full() {
            return None;
        }
        let sequence = if let Some(first) = self.first_of_all.pop_first() {
            first
        } else if self.undelivered == 0 {
            // Nothing of ours up to the end: no need to look, now or later.
            self.next = self.next.max(log.last() + 1);
            return None;
        } else {
            let filters = &self.config.filters;
            let mut messages = log.from(self.next);
            let (sequence, _) = messages.find(|(_, m)| selects(filters, m.subject.as_str()))?;
            self.next = sequence + 1;
            sequence
        };
        self.undelivered = self.undelivered.saturating_sub(1);
        self.delivered += 1;
        if self.acks != Acks::None {
            let pending = Pending { delivery: self.delivered, attempts: 1, deadline: None };
            self.pending.insert(sequence, pending);
            self.set_deadline(sequence, after(now, self.config.wait_of(1)));
        }
        Some(Delivery { sequence, attempt: 1 })
    }

    /// Returns `true` if so much is unsettled that nothing new may be delivered.
    pub(crate) fn is_full(&self) -> bool {
        let limit = self.config.max_ack_pending.filter(|_| self.acks != Acks::None);
        limit.is_some_and(|limit| self.pending.len() as u64 >= limit)
    }

    /// Gives a message up if it was delivered as often as allowed.
    pub(crate) fn exhaust(&mut self, sequence: u64, effects: &mut Effects) -> bool {
        let Some(pending) = self.pending.get(&sequence) else {
            return false;
        };
        let attempts = pending.attempts;
        if self.config.max_deliver.is_none_or(|limit| attempts < limit) {
            return false;
        }
        self.forget(sequence, effects);
        self.exhausted.insert(sequence);
        advisory::max_deliveries(&self.about(), sequence, attempts, effects);
        true
    }
}
