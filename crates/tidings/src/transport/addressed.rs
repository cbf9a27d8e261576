//! What a consumer delivers, without what is for another one only and without what is no event.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::transport::{Fault, Incoming, Settlement};

/// The ack of a message that is passed over, on its way.
type Passing = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// A flow of messages, in which each one that was put back for another consumer only, and each one
/// that the server wrote itself, is acknowledged and passed over.
pub(crate) struct Addressed<S> {
    pub(super) flow: S,
    passing: Option<Passing>,
    /// Whether it leaves even those to whoever takes the messages: an ack of one would be an ack of
    /// all before it.
    all: bool,
}

impl<S> Addressed<S> {
    pub(super) fn new(flow: S, all: bool) -> Self {
        Self { flow, passing: None, all }
    }
}

/// Messages that are written where their reader wants them.
pub(crate) trait PollInto {
    /// The next message, written in the place of `into`.
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>>;

    /// The next message, in a place of its own.
    fn poll_one(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming, Fault>>> {
        let mut incoming = Incoming::default();
        let next = self.poll_into(cx, &mut incoming);
        next.map(|next| next.map(|next| next.map(|()| incoming)))
    }
}

impl<S: PollInto> PollInto for Addressed<S> {
    #[inline]
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        loop {
            if let Some(passing) = &mut self.passing {
                let passed = ready!(passing.as_mut().poll(cx));
                self.passing = None;
                if let Err(fault) = passed {
                    tracing::warn!(%fault, "a message that is passed over comes again");
                }
            }
            let next = ready!(self.flow.poll_into(cx, into));
            if matches!(next, Some(Ok(()))) && is_marker(into) {
                match &into.settle {
                    // In a replay nothing is acknowledged.
                    None => continue,
                    Some(_) if self.all => {}
                    Some(settle) => {
                        let settle = settle.clone();
                        self.passing =
                            Some(Box::pin(async move { settle.send(Settlement::Ack).await }));
                        continue;
                    }
                }
            }
            match (&next, &into.settle, &into.receipt) {
                (Some(Ok(())), Some(settle), Some(receipt))
                    if !self.all
                        && into.headers.is_for_another(&receipt.stream, &receipt.consumer) =>
                {
                    let settle = settle.clone();
                    self.passing =
                        Some(Box::pin(async move { settle.send(Settlement::Ack).await }));
                }
                _ => return Poll::Ready(next),
            }
        }
    }
}

/// Whether the server wrote a message itself; where it did, that is logged.
#[inline]
pub(super) fn is_marker(message: &Incoming) -> bool {
    let is_marker = message.is_marker();
    if is_marker {
        let subject = message.subject.as_str();
        tracing::debug!(subject, "a server's marker for what it deleted is passed over");
    }
    is_marker
}

impl<S: fmt::Debug> fmt::Debug for Addressed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flow.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{FutureExt as _, StreamExt as _};

    use crate::header::{self, Headers};
    use crate::stream::{Retention, StreamConfig};
    use crate::subject::Subject;
    use crate::transport::memory::Memory;
    use crate::transport::{AckPolicy, ConsumerConfig, DeliverFrom, Outgoing, Transport};

    /// Stores an event, a marker as a server writes one, and an event with nothing in it.
    async fn store(transport: &Transport) {
        for (payload, marker) in [("{}", false), ("", true), ("", false)] {
            let mut headers = Headers::new();
            if marker {
                headers.push(header::MARKER_REASON, "MaxAge");
            }
            let subject = Subject::from_static("orders.created");
            let message =
                Outgoing { subject, headers, payload: Bytes::from_static(payload.as_bytes()) };
            transport.store(&message).await.unwrap().await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_wrote_itself_is_acknowledged_and_left_out() {
        let transport = Transport::Memory(Memory::new());
        let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
        orders.retention = Retention::Interest;
        transport.create_stream(&orders).await.unwrap();
        let consumer = ConsumerConfig::new("shop");
        transport.create_consumer("ORDERS", &consumer).await.unwrap();
        store(&transport).await;

        let from = DeliverFrom::Beginning;
        let mut replay = transport.replay("ORDERS", Vec::new(), from, 10).await.unwrap();
        let mut pull = transport.pull("ORDERS", "shop", 10).await.unwrap();
        for sequence in [1, 3] {
            let replayed = replay.next().await.unwrap().unwrap();
            assert_eq!(replayed.receipt.unwrap().sequence, sequence);
            let pulled = pull.next().await.unwrap().unwrap();
            assert_eq!(pulled.receipt.unwrap().sequence, sequence);
        }
        assert!(replay.next().now_or_never().is_none() && pull.next().now_or_never().is_none());
        let left = transport.stream_state("ORDERS").await.unwrap().messages;
        assert_eq!(left, 2, "the marker is settled, and the events are not");
    }

    #[tokio::test(start_paused = true)]
    async fn where_an_ack_is_one_of_all_before_it_a_marker_is_left_to_whoever_takes_messages() {
        let transport = Transport::Memory(Memory::new());
        transport.create_stream(&StreamConfig::new("ORDERS", ["orders.>"])).await.unwrap();
        let consumer = ConsumerConfig { acks: AckPolicy::All, ..ConsumerConfig::new("shop") };
        transport.create_consumer("ORDERS", &consumer).await.unwrap();
        store(&transport).await;

        let mut pull = transport.pull("ORDERS", "shop", 10).await.unwrap();
        for is_marker in [false, true, false] {
            assert_eq!(pull.next().await.unwrap().unwrap().is_marker(), is_marker);
        }
    }
}
