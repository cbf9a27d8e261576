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
use super::receipt::receipt;
use super::{Nats, config, in_time, inbox};
use crate::subject::Subject;
use crate::transport::{ApiError, DeliverFrom, Denial, DeniedAction, Fault, Incoming};

/// An ordered consumer's messages.
pub(crate) struct NatsOrdered {
    messages: Ordered,
    stream: String,
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
            Ok(Self { messages, stream: of, denials, denied: watched })
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
        let next = Pin::new(&mut self.messages).poll_next(cx);
        if next.is_pending()
            && let Poll::Ready(denial) = self.denied.poll_unpin(cx)
        {
            self.denied = denied(&self.denials, &self.stream);
            return Poll::Ready(Some(Err(Fault::Denied(denial))));
        }
        next.map(|next| {
            next.map(|message| {
                let message = message.map_err(ordered_fault)?;
                let receipt = message.reply.as_deref().and_then(receipt);
                // Split: each message holds a clone of the whole context, and takes its reply.
                let (message, _) = message.split();
                Ok(Incoming { receipt, ..inbox::incoming(message) })
            })
        })
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
