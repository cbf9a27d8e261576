//! The flow of what a consumer delivers.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::task::coop;

use super::api;
use super::connection::Connection;
use super::consumer::Acks;
use super::effects::TaskWaker;
use super::settle::MemorySettle;
use crate::transport::{ApiError, Fault, Incoming, PollInto, Reach, Settle};

/// Deliveries of a consumer, until the consumer, the stream or the connection ends.
///
/// A message is handed out when it is asked for and not before, so that none waits here while its
/// ack wait runs.
pub(crate) struct MemoryPull {
    pub(super) connection: Arc<Connection>,
    pub(super) key: u64,
    pub(super) stream: u64,
    pub(super) consumer: u64,
    pub(super) acks: Acks,
    pub(super) waker: TaskWaker,
    pub(super) reach: Reach,
    /// The number of the last delivery.
    pub(super) last: u64,
    pub(super) ended: bool,
}

impl MemoryPull {
    /// Returns `true` if an ack is one of all messages before it.
    pub(crate) fn acks_all(&self) -> bool {
        self.acks == Acks::All
    }

    /// Sets the number of deliveries before the first that is to come.
    pub(crate) fn begin_behind(&mut self, number: u64) {
        self.reach = Reach::behind(number);
    }

    /// Number and sequence of the last deliveries.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    /// Number of messages that it has still to deliver.
    pub(crate) fn undelivered(&self) -> u64 {
        let undelivered = self.connection.broker.with(|state, _| {
            let consumer = state.streams.get_mut(self.stream)?.consumers.get(&self.consumer)?;
            Some(consumer.undelivered)
        });
        undelivered.unwrap_or(0)
    }

    fn take(&mut self) -> Result<Option<Incoming>, Fault> {
        let taken = self.connection.with(|state, now| {
            let stream = state.streams.get_mut(self.stream).ok_or_else(api::stream_not_found)?;
            let mut incoming = stream.deliver(self.consumer, now, &mut state.effects)?;
            match &mut incoming {
                Some(incoming) if self.acks != Acks::None => {
                    let sequence = incoming.receipt.as_ref().map_or(0, |r| r.sequence);
                    let delivery = stream.delivered(self.consumer);
                    self.reach.pass(delivery, sequence);
                    self.last = delivery;
                    incoming.settle = Some(Settle::Memory(MemorySettle {
                        connection: Arc::clone(&self.connection),
                        stream: self.stream,
                        consumer: self.consumer,
                        sequence,
                        delivery,
                    }));
                }
                Some(_) => {}
                None => {
                    if let Some(consumer) = stream.consumers.get_mut(&self.consumer) {
                        consumer.park(self.key, self.last, &self.waker);
                    }
                }
            }
            Ok::<_, ApiError>(incoming)
        })?;
        Ok(taken?)
    }
}

impl PollInto for MemoryPull {
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        // A stream's whole history must not keep the other tasks from running.
        let coop = ready!(coop::poll_proceed(cx));
        // Registered first: whatever happens after the look below wakes.
        self.waker.register(cx.waker());
        if self.ended {
            return Poll::Ready(None);
        }
        let item = match self.take() {
            Ok(None) => return Poll::Pending,
            Ok(Some(incoming)) => {
                *into = incoming;
                Ok(())
            }
            Err(Fault::Closed) => return Poll::Ready(None),
            Err(fault) => {
                self.ended = true;
                Err(fault)
            }
        };
        coop.made_progress();
        Poll::Ready(Some(item))
    }
}

impl Stream for MemoryPull {
    type Item = Result<Incoming, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_one(cx)
    }
}

impl Drop for MemoryPull {
    fn drop(&mut self) {
        self.connection.broker.with(|state, now| {
            let Some(stream) = state.streams.get_mut(self.stream) else {
                return;
            };
            match self.acks {
                // A durable consumer stays; another pull may go on with it.
                Acks::Explicit | Acks::All => {
                    if let Some(consumer) = stream.consumers.get_mut(&self.consumer) {
                        consumer.end(self.key, now, &mut state.effects);
                    }
                }
                Acks::None => stream.delete_consumer(self.consumer, &mut state.effects),
            }
        });
    }
}

impl fmt::Debug for MemoryPull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPull").field("ended", &self.ended).finish_non_exhaustive()
    }
}
