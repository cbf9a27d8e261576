//! Receiving what a pull's inbox gets: a message of the consumer, or a status of a request.

use std::sync::Arc;

use async_nats::Message;
use tokio::time::Instant;

use super::status::{PullStatus, status_of};
use super::{NatsPull, PAUSE};
use crate::transport::nats::codec::header::NatsHeaders;
use crate::transport::nats::codec::subject::from_nats;
use crate::transport::nats::consumer::settle::{Deliverer, NatsSettle};
use crate::transport::{ApiError, DeliverFrom, Fault, Incoming, IncomingHeaders, Receipt, Settle};

impl NatsPull {
    /// A message, or what the server says about a request: `None` where it only tells that it is
    /// there, or that a request has ended.
    #[inline]
    pub(super) fn read(
        &mut self,
        message: Message,
        into: &mut Incoming,
    ) -> Option<Result<(), Fault>> {
        match status_of(&message) {
            None => {
                let receipt = message.reply.as_ref().and_then(|reply| self.receipts.read(reply));
                let Some((receipt, number)) = receipt else {
                    self.not_delivered(&message);
                    return None;
                };
                self.idle.deliver();
                self.outstanding.received();
                self.incoming(message, (receipt, number), into);
                Some(Ok(()))
            }
            Some(status) => self.handle_status(status).map(Err),
        }
    }

    /// Takes the server's word on a request; gives its meaning for whoever waits for messages.
    #[cold]
    fn handle_status(&mut self, status: PullStatus) -> Option<Fault> {
        self.idle.record_arrival();
        self.pass(Instant::now());
        match status {
            PullStatus::Heartbeat => {
                self.heard = true;
                // One that begins with the last message of each subject waits where one of those
                // is gone, until it is asked again (2.15.1).
                self.nudges =
                    self.pending > 0 && self.deliverer.config.from == DeliverFrom::LastPerSubject;
                None
            }
            PullStatus::Ended(left) => {
                let left = left.unwrap_or_else(|| self.outstanding.messages());
                let left = self.stale.ended(left);
                self.outstanding.end(left);
                // The request that ended may have been the one with heartbeats.
                self.idle.listen(0);
                None
            }
            PullStatus::Deleted => {
                self.ended = true;
                Some(ApiError::consumer_not_found().into())
            }
            PullStatus::Moved => {
                self.forget_for(PAUSE);
                None
            }
            PullStatus::Nobody => {
                // It is gone, or its stream has no leader: only a look-up tells.
                self.forget_for(PAUSE);
                let (deliverer, stream) = (Arc::clone(&self.deliverer), Arc::clone(&self.stream));
                self.looking = Some(Box::pin(async move {
                    let Deliverer { nats, config, .. } = &*deliverer;
                    nats.consumer(&stream, &config.name).await.map(|found| found.is_some())
                }));
                None
            }
            PullStatus::Other(text) => {
                self.forget_for(PAUSE);
                Some(Fault::client(format!("the consumer says: {text}")))
            }
        }
    }

    /// Somebody else's message: the consumer gives each of its own a subject for its ack.
    #[cold]
    fn not_delivered(&self, message: &Message) {
        let (consumer, subject) = (&*self.deliverer.config.name, message.subject.as_str());
        tracing::warn!(
            consumer,
            subject,
            "a message that its consumer did not deliver is left out"
        );
    }

    fn incoming(
        &mut self,
        message: Message,
        (receipt, number): (Receipt, u64),
        into: &mut Incoming,
    ) {
        let Message { subject, reply, headers, payload, .. } = message;
        self.reach.pass(number, receipt.sequence);
        let (attempt, pending) = (receipt.attempt, receipt.pending);
        self.pending = pending;
        self.lost.deliver(pending);
        into.subject = from_nats(subject);
        into.reply = None;
        into.headers = IncomingHeaders::nats(headers.map(NatsHeaders::new));
        into.payload = payload;
        into.receipt = Some(receipt);
        into.settle = reply.filter(|_| self.deliverer.settled).map(|reply| {
            Settle::Nats(NatsSettle::new(&self.deliverer, reply, attempt, self.reach.number))
        });
    }
}
