//! Acks, as what they are on the wire: short texts published to a message's reply subject (ADR-15).

use std::time::Duration;

use async_nats::Subject;
use bytes::Bytes;

use super::{Nats, in_time};
use crate::header::Headers;
use crate::transport::{Fault, Outgoing, Settlement};

/// The way back for one delivered message.
#[derive(Debug, Clone)]
pub(crate) struct NatsSettle {
    nats: Nats,
    reply: Subject,
}

impl NatsSettle {
    pub(super) fn new(nats: Nats, reply: Subject) -> Self {
        Self { nats, reply }
    }

    pub(crate) async fn send(&self, settlement: Settlement) -> Result<(), Fault> {
        let sending = self.nats.client().publish(self.reply.clone(), body(settlement));
        in_time(async { sending.await.map_err(Fault::client) }).await
    }

    pub(crate) async fn confirm(
        &self,
        settlement: Settlement,
        within: Duration,
    ) -> Result<(), Fault> {
        let message = Outgoing {
            subject: crate::subject::Subject::from(self.reply.as_str().to_owned()),
            headers: Headers::new(),
            payload: body(settlement),
        };
        self.nats.request(message, within).await.map(drop)
    }
}

fn body(settlement: Settlement) -> Bytes {
    match settlement {
        Settlement::Ack => Bytes::from_static(b"+ACK"),
        Settlement::Progress => Bytes::from_static(b"+WPI"),
        Settlement::Nak(None) => Bytes::from_static(b"-NAK"),
        Settlement::Nak(Some(delay)) => {
            Bytes::from(format!("-NAK {{\"delay\": {}}}", delay.as_nanos()))
        }
        Settlement::Term(reason) => Bytes::from(format!("+TERM {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settlements_are_the_servers_texts() {
        let nak = body(Settlement::Nak(Some(Duration::from_millis(1500))));
        assert_eq!(nak, "-NAK {\"delay\": 1500000000}");
        assert_eq!(body(Settlement::Nak(None)), "-NAK");
        assert_eq!(body(Settlement::Ack), "+ACK");
        assert_eq!(body(Settlement::Progress), "+WPI");
        assert_eq!(body(Settlement::Term("no use".to_owned())), "+TERM no use");
    }
}
