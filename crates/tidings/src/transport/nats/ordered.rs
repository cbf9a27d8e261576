//! A stream's messages in order; after a loss the consumer is made anew behind the last message.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::{
    Ordered, OrderedConfig, OrderedError, OrderedErrorKind,
};
use futures_util::{FutureExt as _, Stream};

use super::denial::Denials;
use super::receipt::Receipts;
use super::{Nats, config, in_time, inbox};
use crate::subject::Subject;
use crate::transport::{
    ApiError, DeliverFrom, Denial, DeniedAction, Fault, Incoming, Receipt, StoredMessage,
    Unreadable,
};

/// A look for the message that breaks the connection.
type Searching = Pin<Box<dyn Future<Output = Result<Option<(StoredMessage, u64)>, Fault>> + Send>>;

/// How often the connection may be lost before a message came, until one that breaks it is looked
/// for where it is not known which messages come next.
const LOSSES: u32 = 2;

/// An ordered consumer's messages.
pub(crate) struct NatsOrdered {
    nats: Nats,
    messages: Ordered,
    receipts: Receipts,
    stream: String,
    filters: Vec<Subject>,
    /// The last message that came; where none did, the one before the first.
    last: u64,
    /// Resolves when the connection has come back.
    reconnected: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// How often it did since a message came.
    losses: u32,
    searching: Option<Searching>,
    /// What was found, and the last message that comes before it.
    found: Option<(StoredMessage, u64)>,
    /// Whether all messages behind `last` come, and not only some.
    is_whole: bool,
    ended: bool,
    denials: Arc<Denials>,
    /// Resolves when the server does not allow what the consumer needs.
    denied: Pin<Box<dyn Future<Output = Denial> + Send>>,
}

impl NatsOrdered {
    pub(super) async fn open(
        nats: &Nats,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
    ) -> Result<Self, Fault> {
        let is_whole = matches!(from, DeliverFrom::Beginning | DeliverFrom::Sequence(_));
        let last = match from {
            DeliverFrom::Sequence(sequence) => sequence.saturating_sub(1),
            _ => 0,
        };
        let config = OrderedConfig {
            filter_subjects: filters.iter().map(ToString::to_string).collect(),
            deliver_policy: config::deliver_policy(from)?,
            ..Default::default()
        };
        let denials = Arc::clone(&nats.shared.denials);
        let (mut denied, watched) = (denied(&denials, stream), denied(&denials, stream));
        let of = stream.to_owned();
        // async-nats bounds the wait for an answer, not for room to ask.
        let opening = in_time(async {
            let consumer = nats.shared.jetstream.create_consumer_on_stream(config, stream).await;
            let consumer = consumer.map_err(|error| match error.kind() {
                jetstream::stream::ConsumerErrorKind::JetStream(error) => api_fault(&error),
                jetstream::stream::ConsumerErrorKind::TimedOut => Fault::Timeout,
                _ => Fault::client(error),
            })?;
            let messages = consumer.messages().await.map_err(Fault::client)?;
            Ok(Self {
                nats: nats.clone(),
                messages,
                receipts: Receipts::default(),
                stream: of,
                filters,
                last,
                reconnected: nats.reconnected(),
                losses: 0,
                searching: None,
                found: None,
                is_whole,
                ended: false,
                denials,
                denied: watched,
            })
        });
        tokio::select! {
            opened = opening => opened,
            denial = &mut denied => Err(Fault::Denied(denial)),
        }
    }
}

/// Resolves when the server does not allow a consumer of the stream to be made or read.
fn denied(denials: &Arc<Denials>, stream: &str) -> Pin<Box<dyn Future<Output = Denial> + Send>> {
    let calls = ["CREATE", "MSG.NEXT"].map(|call| format!("$JS.API.CONSUMER.{call}.{stream}"));
    denials.next(move |denial| match denial.action {
        DeniedAction::Publish => calls.iter().any(|call| {
            let rest = denial.subject.strip_prefix(call);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }),
        DeniedAction::Subscribe => denial.is_inbox,
    })
}

impl Stream for NatsOrdered {
    type Item = Result<Incoming, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut this.messages).poll_next(cx);
        if next.is_pending() {
            if let Poll::Ready(denial) = this.denied.poll_unpin(cx) {
                this.denied = denied(&this.denials, &this.stream);
                return Poll::Ready(Some(Err(Fault::Denied(denial))));
            }
            if let Poll::Ready(unreadable) = this.poll_unreadable(cx) {
                // What is behind it would never come: the next consumer begins with it again.
                this.ended = true;
                return Poll::Ready(Some(Err(Fault::Unreadable(Box::new(unreadable)))));
            }
        }
        next.map(|next| {
            next.map(|message| {
                let message = message.map_err(ordered_fault)?;
                let receipt = message.reply.as_deref().and_then(|reply| this.receipts.read(reply));
                let receipt = receipt.map(|(receipt, _)| receipt);
                if let Some(receipt) = &receipt {
                    (this.last, this.losses) = (receipt.sequence, 0);
                }
                // Split: each message holds a clone of the whole context, and takes its reply.
                let (message, _) = message.split();
                Ok(Incoming { receipt, ..inbox::incoming(message) })
            })
        })
    }
}

impl NatsOrdered {
    /// Resolves with the message that breaks one connection after the other, if there is one.
    fn poll_unreadable(&mut self, cx: &mut Context<'_>) -> Poll<Unreadable> {
        while self.reconnected.poll_unpin(cx).is_ready() {
            self.reconnected = self.nats.reconnected();
            self.losses += 1;
            if self.is_whole || self.losses >= LOSSES {
                let (nats, stream) = (self.nats.clone(), self.stream.clone());
                let (filters, last) = (self.filters.clone(), self.last);
                self.searching =
                    Some(Box::pin(
                        async move { nats.first_unreadable(&stream, &filters, last).await },
                    ));
            }
        }
        if let Some(searching) = &mut self.searching
            && let Poll::Ready(found) = searching.poll_unpin(cx)
        {
            self.searching = None;
            // Where it can't be looked for, the next loss asks again.
            self.found = found.unwrap_or_default();
        }
        // Those before it come, with one connection or the next.
        let is_next =
            |(_, before): &mut (StoredMessage, u64)| !self.is_whole || self.last >= *before;
        let Some((message, _)) = self.found.take_if(is_next) else { return Poll::Pending };
        let receipt = Receipt {
            stream: self.stream.as_str().into(),
            consumer: "".into(),
            sequence: message.sequence,
            attempt: 1,
            pending: 0,
            stored_at: message.stored_at,
        };
        Poll::Ready(Unreadable { message, receipt, settle: None })
    }
}

impl fmt::Debug for NatsOrdered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NatsOrdered")
    }
}

fn ordered_fault(error: OrderedError) -> Fault {
    match error.kind() {
        OrderedErrorKind::ConsumerDeleted => ApiError::consumer_not_found().into(),
        OrderedErrorKind::NoResponders => Fault::NoResponders,
        OrderedErrorKind::MissingHeartbeat => Fault::Timeout,
        _ => Fault::client(error),
    }
}

fn api_fault(error: &jetstream::Error) -> Fault {
    Fault::Api(ApiError {
        status: u16::try_from(error.code()).unwrap_or(500),
        code: u32::try_from(error.error_code().0).unwrap_or(0),
        description: error.to_string(),
    })
}
