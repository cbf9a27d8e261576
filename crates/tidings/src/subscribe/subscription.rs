//! A flow of deliveries, wherever they come from.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{Stream, StreamExt};

use super::error::ReceiveError;
use super::large::{LargeMessage, LargeReader};
use crate::claim_check::refers;
use crate::delivery::{Delivery, DeliveryKind, Durable, Live};
use crate::envelope::{self, DecodeError};
use crate::link::Link;
use crate::message::{Decode, Event, may_be_large};
use crate::observe::Received;
use crate::prefetch::Prefetch;
use crate::traces::{ReceiveSpans, SettlingByHand};
use crate::transport::{Fault, Inboxes, Incoming, PollInto as _, Pull, SkipCounters};

/// A flow of typed deliveries: a [`Stream`] that also has a [`next`](Subscription::next) of its
/// own.
///
/// Dropping it ends the interest. What can't be decoded comes as an error, and the flow goes on.
pub struct Subscription<E, K = Live> {
    receiver: Receiver,
    received: Received,
    spans: ReceiveSpans,
    /// Reader of payloads that are objects, where there can be such.
    large: Option<Box<LargeReader>>,
    event: PhantomData<fn() -> (E, K)>,
}

/// Item of a subscription.
type Next<E, K> = Result<Delivery<E, K>, ReceiveError>;

/// Receiving end of a subscription.
#[expect(clippy::large_enum_variant, reason = "one for each subscription, and it never moves")]
pub(super) enum Receiver {
    /// Core subscriptions, one for each filter.
    Core(Inboxes),
    Stream(Pull, Option<Prefetch>),
}

impl<E: Event + Decode, K: DeliveryKind> Subscription<E, K> {
    /// `group` is the queue group that it is in, or the name of the durable consumer that it reads.
    pub(super) fn new(receiver: Receiver, link: &Link, group: Option<&str>) -> Self {
        let templates = E::DECLARATIONS.iter().map(|declaration| declaration.template);
        let spans = ReceiveSpans::new(&link.traces, E::DECLARATIONS, group, &link.transport);
        let large = const { may_be_large(E::DECLARATIONS) }
            .then(|| Box::new(LargeReader::new(link, E::DECLARATIONS)));
        Self {
            receiver,
            received: link.receives(templates, group),
            spans,
            large,
            event: PhantomData,
        }
    }

    /// The next delivery; `None` once the bus is closed.
    ///
    /// # Errors
    /// [`ReceiveError`] if a message can't be decoded, or the connection reports a fault. The flow
    /// goes on after it.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Delivery<E, K>, ReceiveError>> {
        StreamExt::next(self).await
    }

    /// Number of messages that were lost here because they came faster than they were taken, and
    /// [`Subscribe::capacity`](super::Subscribe::capacity) was full. It is logged too; the flow
    /// goes on behind the gap.
    ///
    /// Only a live subscription loses messages: a stream's wait in the stream. What a server cuts
    /// off because the whole connection reads too slowly is counted by the server alone.
    pub fn dropped(&self) -> u64 {
        match &self.receiver {
            Receiver::Core(inboxes) => inboxes.iter().map(|inbox| inbox.dropped().count()).sum(),
            Receiver::Stream(..) => 0,
        }
    }

    /// Number of times that the connection on which this live subscription listens was lost and
    /// made again: what was published meanwhile did not come here. In memory nothing comes between.
    ///
    /// Core subscriptions share a connection of their own, which ends each time a message comes that
    /// the client can't read; the log says so. A stream's messages wait in the stream: 0.
    pub fn interruptions(&self) -> u64 {
        match &self.receiver {
            Receiver::Core(inboxes) => {
                let each = inboxes.iter().map(|inbox| inbox.dropped().interruptions());
                each.max().unwrap_or(0)
            }
            Receiver::Stream(..) => 0,
        }
    }
}

impl<E: Event + Decode> Subscription<E, Durable> {
    /// Number of events that were acknowledged here and not given out: a redrive put them back for
    /// another consumer only, or a server wrote them for what it deleted.
    pub fn passed_over(&self) -> u64 {
        self.skip_counters().map_or(0, SkipCounters::skipped)
    }

    /// Number of events with headers that only a redrive writes, and no redrive's signature: they
    /// came as any other, and the headers are not looked at. It is logged too.
    pub fn unwarranted(&self) -> u64 {
        self.skip_counters().map_or(0, SkipCounters::unwarranted)
    }

    fn skip_counters(&self) -> Option<&SkipCounters> {
        match &self.receiver {
            Receiver::Core(_) => None,
            Receiver::Stream(pull, _) => Some(pull.skip_counters()),
        }
    }
}

impl<E: Event + Decode, K: DeliveryKind> Stream for Subscription<E, K> {
    type Item = Result<Delivery<E, K>, ReceiveError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if const { may_be_large(E::DECLARATIONS) }
            && let Some(read) = ready!(self.poll_large(cx))
        {
            return Poll::Ready(Some(read));
        }
        // Of what is written here a delivery takes its part; the whole is not moved.
        let mut incoming = Incoming::default();
        let next = match &mut self.receiver {
            Receiver::Core(inboxes) => inboxes.poll_into(cx, &mut incoming),
            Receiver::Stream(pull, prefetch) => {
                let next = pull.poll_into(cx, &mut incoming);
                let room = match (prefetch, &next) {
                    (Some(prefetch), Poll::Ready(Some(Ok(())))) => {
                        prefetch.takes(incoming.payload.len())
                    }
                    (Some(prefetch), Poll::Pending) => {
                        prefetch.waits();
                        None
                    }
                    _ => None,
                };
                if let Some(room) = room {
                    pull.set_room(room);
                }
                next
            }
        };
        if next.is_pending() {
            self.spans.wait();
        }
        let Some(next) = ready!(next) else { return Poll::Ready(None) };
        let settling = match &next {
            Ok(()) => self.spans.came(&incoming),
            Err(_) => SettlingByHand::default(),
        };
        if const { may_be_large(E::DECLARATIONS) }
            && next.is_ok()
            && refers(&incoming)
            && let Some(large) = &mut self.large
        {
            large.read(incoming, settling);
            return self.poll_large(cx);
        }
        let delivery = deliver(next, incoming, settling);
        self.tell(&delivery);
        Poll::Ready(Some(delivery))
    }
}

impl<E: Event + Decode, K: DeliveryKind> Subscription<E, K> {
    /// The delivery whose payload is being read from an object; `None` if there is none.
    fn poll_large(&mut self, cx: &mut Context<'_>) -> Poll<Option<Next<E, K>>> {
        let Some(large) = &mut self.large else { return Poll::Ready(None) };
        let Some(large) = ready!(large.poll(cx)) else { return Poll::Ready(None) };
        let LargeMessage { mut incoming, settling, read } = large;
        let delivery = match read {
            Ok(payload) => {
                incoming.payload = payload;
                deliver(Ok(()), incoming, settling)
            }
            Err(source) => {
                let error = DecodeError::large(&incoming, source);
                match kind_of(&mut incoming, settling) {
                    Ok(kind) => Err(ReceiveError::undecodable::<K>(error, kind)),
                    Err(fault) => Err(fault.into()),
                }
            }
        };
        self.tell(&delivery);
        Poll::Ready(Some(delivery))
    }

    #[inline]
    fn tell(&self, delivery: &Next<E, K>) {
        match delivery {
            Ok(_) => self.received.count(),
            Err(ReceiveError::Decode { .. }) => self.received.count_undecodable(),
            Err(_) => {}
        }
    }
}

/// Kind of delivery of a message.
fn kind_of<K: DeliveryKind>(incoming: &mut Incoming, settling: SettlingByHand) -> Result<K, Fault> {
    K::from_incoming(incoming, settling).ok_or_else(|| {
        Fault::client(format!("`{}` was delivered without its stream", incoming.subject))
    })
}

#[expect(clippy::result_large_err, reason = "a delivery is as large")]
fn deliver<E: Event + Decode, K: DeliveryKind>(
    next: Result<(), Fault>,
    mut incoming: Incoming,
    settling: SettlingByHand,
) -> Result<Delivery<E, K>, ReceiveError> {
    next?;
    let mut cloud_event = None;
    let event = envelope::decode_with::<E>(&incoming, Some(&mut cloud_event));
    let kind = kind_of::<K>(&mut incoming, settling)?;
    match event {
        Ok(event) => Ok(Delivery::new(event, incoming, cloud_event, kind)),
        Err(error) => Err(ReceiveError::undecodable(error, kind)),
    }
}

impl<E, K> fmt::Debug for Subscription<E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}
