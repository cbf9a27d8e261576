//! What becomes of a delivered message.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::Memory;
use super::advisory;
use super::connection::Connection;
use super::consumer::{Consumer, after};
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
}

impl MemorySettle {
    /// Says what becomes of the message. Saying it again changes nothing: whoever is first counts.
    /// A consumer that is gone has nothing to settle.
    #[expect(clippy::needless_pass_by_value, reason = "the same signature as over NATS")]
    pub(crate) fn send(&self, settlement: Settlement) -> Result<(), Fault> {
        self.connection.with(|state, now| {
            if let Some(stream) = state.streams.get_mut(self.stream) {
                let (consumer, effects) = (self.consumer, &mut state.effects);
                stream.settle(consumer, self.sequence, &settlement, now, effects);
            }
        })
    }
}

impl fmt::Debug for MemorySettle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySettle").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

#[expect(clippy::unused_async, reason = "the same signatures as over NATS, where a call waits")]
impl Memory {
    /// Gives up a message that a consumer has delivered as often as allowed.
    pub(crate) async fn give_up(
        &self,
        stream: &str,
        consumer: &str,
        sequence: u64,
        reason: &str,
    ) -> Result<(), Fault> {
        self.connection.with(|state, now| {
            // Nobody listens for the acks of a consumer that is not there.
            let stream = state.streams.expect(stream).map_err(|_| Fault::NoResponders)?;
            let consumer = stream.consumer_named(consumer).map_err(|_| Fault::NoResponders)?.key;
            let settlement = Settlement::term(reason);
            stream.settle(consumer, sequence, &settlement, now, &mut state.effects);
            Ok(())
        })?
    }
}

impl Stream {
    fn settle(
        &mut self,
        consumer: u64,
        sequence: u64,
        settlement: &Settlement,
        now: Instant,
        effects: &mut Effects,
    ) {
        let Some(consumer) = self.consumers.get_mut(&consumer) else {
            return;
        };
        consumer.settle(sequence, settlement, now, effects);
        consumer.set_alarm(effects);
        if matches!(settlement, Settlement::Ack | Settlement::Term(_)) {
            self.release(sequence, effects);
            self.set_alarm(effects);
        }
    }
}

impl Consumer {
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
                    advisory::terminated(self, sequence, &pending, reason, effects);
                }
                self.exhausted.remove(&sequence);
            }
            Settlement::Nak(delay) => {
                let Some(pending) = self.pending.get(&sequence) else {
                    return;
                };
                advisory::naked(self, sequence, pending, effects);
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
