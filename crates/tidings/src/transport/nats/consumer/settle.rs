//! Acks, as what they are on the wire: short texts published to a message's reply subject (ADR-15).

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_nats::Subject;
use bytes::Bytes;
use tokio::task::unconstrained;

use crate::header::Headers;
use crate::transport::nats::codec::ack_subject::{ack_subject, ack_subject_of_delivery};
use crate::transport::nats::codec::subject::Moved;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::connection::timeout::SEND_TIMEOUT;
use crate::transport::{ConsumerConfig, Fault, Outgoing, Settlement, SettlementReason};

/// Payload of an ack: the message was handled.
const ACK: &[u8] = b"+ACK";
/// Time that the server has to answer an ack.
const ANSWERED: Duration = Duration::from_secs(5);

/// The consumer that delivered a message: what is the same for all its messages.
#[derive(Debug)]
pub(crate) struct Deliverer {
    pub(crate) nats: Nats,
    pub(crate) config: ConsumerConfig,
    /// `true` if deliveries of the consumer are to be settled.
    pub(crate) settled: bool,
}

/// The way back for one delivered message.
#[derive(Debug, Clone)]
pub(crate) struct NatsSettle {
    deliverer: Arc<Deliverer>,
    reply: Subject,
    attempt: u64,
    delivery: u64,
}

impl NatsSettle {
    pub(crate) fn new(
        deliverer: &Arc<Deliverer>,
        reply: Subject,
        attempt: u64,
        delivery: u64,
    ) -> Self {
        Self { deliverer: Arc::clone(deliverer), reply, attempt, delivery }
    }

    pub(crate) fn delivery(&self) -> u64 {
        self.delivery
    }

    /// The way back for another message of the same consumer.
    pub(crate) fn covering(&self, sequence: u64, delivery: u64) -> Self {
        let reply = ack_subject_of_delivery(self.reply.as_str(), sequence, delivery);
        Self { reply: reply.map_or_else(|| self.reply.clone(), Subject::from), ..self.clone() }
    }

    /// Payload of a settlement, as the server reads it.
    fn body(&self, settlement: Settlement) -> Bytes {
        // How long this delivery may stay unsettled, and how long the first may.
        let waits = || [self.attempt, 1].map(|attempt| self.deliverer.config.wait_of(attempt));
        body(settlement, waits)
    }

    pub(crate) async fn send(&self, settlement: Settlement) -> Result<(), Fault> {
        if self.is_denied() {
            // Boxed: it is rare, and a request has room for much more than an ack.
            return Box::pin(self.confirm(settlement, SEND_TIMEOUT)).await;
        }
        let body = self.body(settlement);
        publish(&self.deliverer.nats, self.reply.clone(), body).await
    }

    /// Acks if there is room on the way to the server. Where there is none nothing has happened,
    /// and [`send`](Self::send) is to be awaited.
    pub(crate) fn ack_at_once(&self) -> Option<Result<(), Fault>> {
        if self.is_denied() || self.deliverer.nats.is_closed() {
            return None;
        }
        let client = self.deliverer.nats.client();
        let reply = Moved::from(self.reply.clone());
        let sending = pin!(unconstrained(client.publish(reply, Bytes::from_static(ACK))));
        match sending.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(sent) => Some(sent.map_err(|_| self.deliverer.nats.gone())),
            Poll::Pending => None,
        }
    }

    /// Sends a settlement as the last that is said of the message.
    pub(crate) async fn finish(self, settlement: Settlement) -> Result<(), Fault> {
        if self.is_denied() {
            return Box::pin(self.confirm(settlement, SEND_TIMEOUT)).await;
        }
        let body = self.body(settlement);
        publish(&self.deliverer.nats, self.reply, body).await
    }

    /// Returns `true` if one like it was denied: whether this one is, only an answer tells.
    fn is_denied(&self) -> bool {
        self.deliverer.nats.shared.main.denials.has_publish(self.reply.as_str())
    }

    pub(crate) async fn confirm(
        &self,
        settlement: Settlement,
        within: Duration,
    ) -> Result<(), Fault> {
        let message = Outgoing {
            subject: crate::subject::Subject::from(self.reply.as_str().to_owned()),
            headers: Headers::new(),
            payload: self.body(settlement),
        };
        self.deliverer.nats.ask_server(message, within).await.map(drop)
    }
}

impl Nats {
    /// Gives up a message by an ack of our own making: the server gave no reply subject with what
    /// it says of an exhausted message, and reads no more than these of its tokens.
    pub(crate) async fn give_up(
        &self,
        stream: &str,
        consumer: &str,
        sequence: u64,
        reason: &str,
    ) -> Result<(), Fault> {
        let message = Outgoing {
            subject: crate::subject::Subject::from(ack_subject(stream, consumer, sequence)),
            headers: Headers::new(),
            payload: body(Settlement::of(SettlementReason::GivenUp(reason)), || {
                [Duration::ZERO; 2]
            }),
        };
        self.ask_server(message, ANSWERED).await.map(drop)
    }
}

async fn publish(nats: &Nats, reply: Subject, body: Bytes) -> Result<(), Fault> {
    if nats.is_closed() {
        return Err(Fault::Closed);
    }
    let sending = pin!(nats.client().publish(Moved::from(reply), body));
    // Subjects are looked at elsewhere: only a client that is gone takes none.
    nats.in_time(async { sending.await.map_err(|_| nats.gone()) }).await
}

fn body(settlement: Settlement, waits: impl FnOnce() -> [Duration; 2]) -> Bytes {
    match settlement {
        Settlement::Ack => Bytes::from_static(ACK),
        Settlement::Progress => Bytes::from_static(b"+WPI"),
        Settlement::Nak(None) => Bytes::from_static(b"-NAK"),
        Settlement::Nak(Some(delay)) => {
            // A server notes the delay as what is left of the first delivery's wait, and compares
            // it with the wait of this one: where a backoff makes them differ it would be as much
            // too late. Less than nothing is a delay like any other to it.
            let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
            let [this, first] = waits().map(nanos);
            let delay = nanos(delay).saturating_sub(this.saturating_sub(first));
            Bytes::from(format!("-NAK {{\"delay\": {delay}}}"))
        }
        Settlement::Term(reason) => Bytes::from(format!("+TERM {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settlements_are_the_servers_texts() {
        let body = |settlement| body(settlement, || [Duration::from_secs(30); 2]);
        let nak = body(Settlement::Nak(Some(Duration::from_millis(1500))));
        assert_eq!(nak, "-NAK {\"delay\": 1500000000}");
        assert_eq!(body(Settlement::Nak(None)), "-NAK");
        assert_eq!(body(Settlement::Ack), "+ACK");
        assert_eq!(body(Settlement::Progress), "+WPI");
        assert_eq!(body(Settlement::Term("no use".to_owned())), "+TERM no use");
    }

    #[test]
    fn an_ack_can_be_that_of_another_message() {
        for (reply, other) in [
            ("$JS.ACK.S.c.1.5.6.99.0", "$JS.ACK.S.c.1.7.8.99.0"),
            ("$JS.ACK._.hash.S.c.1.5.6.99.0", "$JS.ACK._.hash.S.c.1.7.8.99.0"),
            ("$JS.ACK.d.hash.S.c.1.5.6.99.0.random", "$JS.ACK.d.hash.S.c.1.7.8.99.0.random"),
        ] {
            assert_eq!(ack_subject_of_delivery(reply, 7, 8).as_deref(), Some(other));
        }
        assert_eq!(ack_subject_of_delivery("$JS.ACK.S", 7, 8), None);
    }

    #[test]
    fn what_a_backoff_adds_is_taken_off() {
        let second = Duration::from_secs(1);
        let waits = [second * 4, second];
        let nak = |delay| body(Settlement::Nak(Some(delay)), || waits);
        assert_eq!(nak(second * 4), "-NAK {\"delay\": 1000000000}");
        assert_eq!(nak(second), "-NAK {\"delay\": -2000000000}");
        assert_eq!(body(Settlement::Nak(None), || waits), "-NAK");
    }
}
