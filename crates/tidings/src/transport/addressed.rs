//! What a consumer delivers, without what is for another one only and without what is no event.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::transport::waiting::Waiting;
use crate::transport::{Fault, Incoming, Settlement, Transport};

/// The ack of a message that is passed over, on its way.
pub(super) type Passing = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// A flow of messages, in which each one that was put back for another consumer only, and each one
/// that the server wrote itself, is acknowledged and passed over. So is one that waits until it is due,
/// but where an ack would cancel it: there it is given back until then.
pub(crate) struct Addressed<S> {
    pub(super) flow: S,
    passing: Option<Passing>,
    /// Whether it leaves even those to whoever takes the messages: an ack of one would be an ack of
    /// all before it.
    all: bool,
    waiting: Waiting,
}

impl<S> Addressed<S> {
    pub(super) fn new(flow: S, all: bool, of: &Transport) -> Self {
        Self { flow, passing: None, all, waiting: Waiting::new(of) }
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
            if matches!(next, Some(Ok(()))) && is_no_event(into) {
                match &into.settle {
                    // In a replay nothing is acknowledged.
                    None => continue,
                    Some(_) if self.all => {}
                    Some(_) if into.waits() => {
                        self.passing = self.waiting.leave(into);
                        continue;
                    }
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

/// Whether a message is no event; where it is none, that is logged.
#[inline]
pub(super) fn is_no_event(message: &Incoming) -> bool {
    let is_no_event = message.is_no_event();
    if is_no_event {
        let subject = message.subject.as_str();
        tracing::debug!(
            subject,
            "a server's marker, or what waits until it is due, is passed over"
        );
    }
    is_no_event
}

impl<S: fmt::Debug> fmt::Debug for Addressed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flow.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::{FutureExt as _, StreamExt as _};

    use crate::header::{self, Headers};
    use crate::moment;
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
    async fn what_waits_in_a_work_queue_is_not_cancelled() {
        let transport = Transport::Memory(Memory::new());
        let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
        (orders.retention, orders.allow_message_schedules) = (Retention::WorkQueue, true);
        transport.create_stream(&orders).await.unwrap();
        transport.create_consumer("ORDERS", &ConsumerConfig::new("shop")).await.unwrap();
        let due = transport.now() + Duration::from_secs(100);
        let mut headers = Headers::new();
        headers.push(header::SCHEDULE, format!("@at {}", moment::write(due).unwrap()));
        headers.push(header::SCHEDULE_TARGET, "orders.later");
        let subject = Subject::from_static("orders.created");
        let message = Outgoing { subject, headers, payload: Bytes::from_static(b"{}") };
        transport.store(&message).await.unwrap().await.unwrap();

        let mut pull = transport.pull("ORDERS", "shop", 10).await.unwrap();
        let incoming = pull.next().await.unwrap().unwrap();
        assert_eq!(incoming.subject.as_str(), "orders.later");
        assert!(transport.now() >= due && !incoming.waits());
        assert_eq!(incoming.receipt.unwrap().attempt, 1);
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
