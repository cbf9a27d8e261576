//! Settling of delivered messages.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::advisory;
use super::connection::Connection;
use super::consumer::{Acks, Consumer, after};
use super::effects::Effects;
use super::stream::Stream;
use crate::transport::{Fault, Settlement};

/// The way back to the consumer that delivered a message.
#[derive(Clone)]
pub(crate) struct MemorySettle {
    pub(super) connection: Arc<Connection>,
    pub(super) stream: u64,
    pub(super) consumer: u64,
    pub(super) sequence: u64,
    /// The number of the delivery.
    pub(super) delivery: u64,
}

impl MemorySettle {
    pub(crate) fn delivery(&self) -> u64 {
        self.delivery
    }

    /// The way back for another message of the same consumer.
    pub(crate) fn covering(&self, sequence: u64, delivery: u64) -> Self {
        Self { sequence, delivery, ..self.clone() }
    }

    /// Says what becomes of the message. Saying it again changes nothing: whoever is first counts.
    /// A consumer that is gone has nothing to settle.
    #[expect(clippy::needless_pass_by_value, reason = "the same signature as over NATS")]
    pub(crate) fn send(&self, settlement: Settlement) -> Result<(), Fault> {
        self.connection.with(|state, now| {
            if let Some(stream) = state.streams.get_mut(self.stream) {
                let (consumer, effects) = (self.consumer, &mut state.effects);
                let message = (self.sequence, self.delivery);
                stream.settle(consumer, message, &settlement, now, effects);
            }
        })
    }
}

impl fmt::Debug for MemorySettle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySettle").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl Stream {
    /// Does what a settlement says of a message that a consumer has delivered.
    pub(super) fn settle(
        &mut self,
        consumer: u64,
        (sequence, delivery): (u64, u64),
        settlement: &Settlement,
        now: Instant,
        effects: &mut Effects,
    ) {
        let Some(consumer) = self.consumers.get_mut(&consumer) else {
            return;
        };
        let is_last = settlement.is_final();
        let mut settled = vec![sequence];
        if is_last && consumer.acks == Acks::All {
            settled = consumer.cover(sequence, delivery);
        }
        for sequence in &settled {
            consumer.settle(*sequence, settlement, now, effects);
        }
        consumer.set_alarm(effects);
        if is_last {
            for sequence in settled {
                self.release(sequence, effects);
            }
            self.set_alarm(effects);
        }
    }
}

impl Consumer {
    /// Finds the messages that an ack is for, where it is for all up to its own: none, if one that
    /// came later was acknowledged before.
    fn cover(&mut self, sequence: u64, delivery: u64) -> Vec<u64> {
        let (acked, last) = self.floor;
        if sequence <= acked || delivery <= last {
            return Vec::new();
        }
        self.floor = (sequence, delivery);
        let pending = self.pending.range(..=sequence).map(|(sequence, _)| *sequence);
        pending.chain(self.exhausted.range(..=sequence).copied()).collect()
    }

    /// Does what a settlement says, if the message is still pending.
    fn settle(
        &mut self,
        sequence: u64,
        settlement: &Settlement,
        now: Instant,
        effects: &mut Effects,
    ) {
        match settlement {
            Settlement::Ack => {
                self.forget(sequence, effects);
                // A late ack of one that was given up still says that it is done.
                self.exhausted.remove(&sequence);
            }
            Settlement::Term(reason) => {
                if let Some(pending) = self.forget(sequence, effects) {
                    advisory::terminated(&self.about(), sequence, &pending, reason, effects);
                }
                self.exhausted.remove(&sequence);
            }
            Settlement::Nak(delay) => {
                let Some(pending) = self.pending.get(&sequence) else {
                    return;
                };
                advisory::nak(&self.about(), sequence, pending, effects);
                if let Some(delay) = delay.filter(|delay| !delay.is_zero()) {
                    self.due.remove(&sequence);
                    self.set_deadline(sequence, after(now, delay));
                } else {
                    self.set_deadline(sequence, None);
                    self.deliver_again(sequence, effects);
                }
            }
            Settlement::Progress => {
                let attempts = self.pending.get(&sequence).map_or(1, |pending| pending.attempts);
                self.set_deadline(sequence, after(now, self.config.wait_of(attempts)));
            }
        }
    }
}
