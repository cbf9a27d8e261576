//! What durable and ordered consumers deliver.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::{
    self, MessagesError, MessagesErrorKind, OrderedConfig, OrderedError,
};
use futures_util::Stream;

use super::{Nats, NatsSettle, config, inbox};
use crate::subject::Subject;
use crate::transport::{ApiError, DeliverFrom, Fault, Incoming, Receipt, Settle};

/// How long one pull request stays open when nothing comes.
const EXPIRES: Duration = Duration::from_secs(30);
/// How often the server says that it is still there; two misses are reported.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// A durable consumer's messages.
pub(crate) struct NatsPull {
    nats: Nats,
    messages: pull::Stream,
}

impl NatsPull {
    pub(super) async fn open(
        nats: &Nats,
        stream: &str,
        consumer: &str,
        prefetch: usize,
    ) -> Result<Self, Fault> {
        let consumer: jetstream::consumer::Consumer<pull::Config> = nats
            .shared
            .jetstream
            .get_consumer_from_stream(consumer, stream)
            .await
            .map_err(|error| match error.kind() {
                jetstream::stream::ConsumerErrorKind::JetStream(error) => api_fault(&error),
                jetstream::stream::ConsumerErrorKind::TimedOut => Fault::Timeout,
                _ => Fault::client(error),
            })?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(prefetch)
            .expires(EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(Fault::client)?;
        Ok(Self { nats: nats.clone(), messages })
    }
}

impl Stream for NatsPull {
    type Item = Result<Incoming, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Poll::Ready(next) = Pin::new(&mut self.messages).poll_next(cx) else {
            return Poll::Pending;
        };
        Poll::Ready(next.map(|message| match message {
            Ok(message) => incoming(&self.nats, message),
            Err(error) => Err(consumer_fault(error)),
        }))
    }
}

impl fmt::Debug for NatsPull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NatsPull")
    }
}

/// A stream's messages in order; after a loss the consumer is made anew behind the last message.
pub(crate) struct NatsOrdered {
    messages: pull::Ordered,
}

impl NatsOrdered {
    pub(super) async fn open(
        nats: &Nats,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
    ) -> Result<Self, Fault> {
        let config = OrderedConfig {
            filter_subjects: filters.iter().map(ToString::to_string).collect(),
            deliver_policy: config::deliver_policy(from)?,
            ..Default::default()
        };
        let consumer = nats
            .shared
            .jetstream
            .create_consumer_on_stream(config, stream)
            .await
            .map_err(|error| match error.kind() {
                jetstream::stream::ConsumerErrorKind::JetStream(error) => api_fault(&error),
                jetstream::stream::ConsumerErrorKind::TimedOut => Fault::Timeout,
                _ => Fault::client(error),
            })?;
        let messages = consumer.messages().await.map_err(Fault::client)?;
        Ok(Self { messages })
    }
}

impl Stream for NatsOrdered {
    type Item = Result<Incoming, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.messages).poll_next(cx).map(|next| {
            next.map(|message| match message {
                Ok(message) => {
                    let receipt = receipt(&message)?;
                    Ok(Incoming {
                        reply: None,
                        receipt: Some(receipt),
                        ..inbox::incoming(message.split().0)
                    })
                }
                Err(error) => Err(ordered_fault(error)),
            })
        })
    }
}

impl fmt::Debug for NatsOrdered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NatsOrdered")
    }
}

fn incoming(nats: &Nats, message: jetstream::Message) -> Result<Incoming, Fault> {
    let receipt = receipt(&message)?;
    // Split early: each message holds a clone of the whole context.
    let (mut message, _) = message.split();
    let settle =
        message.reply.take().map(|reply| Settle::Nats(NatsSettle::new(nats.clone(), reply)));
    Ok(Incoming { receipt: Some(receipt), settle, ..inbox::incoming(message) })
}

fn receipt(message: &jetstream::Message) -> Result<Receipt, Fault> {
    let info = message.info().map_err(Fault::Client)?;
    Ok(Receipt {
        stream: info.stream.to_owned(),
        consumer: info.consumer.to_owned(),
        sequence: info.stream_sequence,
        attempt: u64::try_from(info.delivered).unwrap_or(1),
        pending: info.pending,
        stored_at: SystemTime::from(info.published),
    })
}

fn consumer_fault(error: MessagesError) -> Fault {
    match error.kind() {
        MessagesErrorKind::ConsumerDeleted => consumer_gone(),
        MessagesErrorKind::NoResponders => Fault::NoResponders,
        MessagesErrorKind::MissingHeartbeat => Fault::Timeout,
        _ => Fault::client(error),
    }
}

fn ordered_fault(error: OrderedError) -> Fault {
    match error.kind() {
        pull::OrderedErrorKind::ConsumerDeleted => consumer_gone(),
        pull::OrderedErrorKind::NoResponders => Fault::NoResponders,
        pull::OrderedErrorKind::MissingHeartbeat => Fault::Timeout,
        _ => Fault::client(error),
    }
}

fn consumer_gone() -> Fault {
    Fault::Api(ApiError {
        status: 404,
        code: ApiError::CONSUMER_NOT_FOUND,
        description: "consumer not found".to_owned(),
    })
}

fn api_fault(error: &jetstream::Error) -> Fault {
    Fault::Api(ApiError {
        status: u16::try_from(error.code()).unwrap_or(500),
        code: u32::try_from(error.error_code().0).unwrap_or(0),
        description: error.to_string(),
    })
}
