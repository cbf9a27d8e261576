//! Messages that arrived.

use async_nats::Message;

use crate::transport::nats::codec::header::NatsHeaders;
use crate::transport::nats::codec::subject::from_nats;
use crate::transport::{Incoming, IncomingHeaders};

pub(crate) fn incoming(message: Message) -> Incoming {
    Incoming {
        subject: from_nats(message.subject),
        reply: message.reply.map(from_nats),
        headers: IncomingHeaders::nats(message.headers.map(NatsHeaders::new)),
        payload: message.payload,
        receipt: None,
        settle: None,
    }
}
