//! Core subscriptions.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::{header, in_time};
use crate::subject::Subject;
use crate::transport::{Fault, Incoming};

/// One core subscription.
#[derive(Debug)]
pub(crate) struct NatsInbox {
    subscriber: async_nats::Subscriber,
}

impl NatsInbox {
    pub(super) fn new(subscriber: async_nats::Subscriber) -> Self {
        Self { subscriber }
    }

    pub(crate) async fn stop(&mut self) -> Result<(), Fault> {
        in_time(async { self.subscriber.drain().await.map_err(Fault::client) }).await
    }
}

impl Stream for NatsInbox {
    type Item = Incoming;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.subscriber).poll_next(cx).map(|message| message.map(incoming))
    }
}

pub(super) fn incoming(message: async_nats::Message) -> Incoming {
    Incoming {
        subject: Subject::from(message.subject.into_string()),
        reply: message.reply.map(|reply| Subject::from(reply.into_string())),
        headers: header::from_nats(message.headers.as_ref()),
        payload: message.payload,
        receipt: None,
        settle: None,
    }
}
