//! What a durable consumer delivers, without what was put back for another consumer only.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::transport::{Fault, Incoming, Settlement};

/// The ack of a message that is passed over, on its way.
type Passing = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// A flow of messages, in which each one for another consumer is acknowledged and passed over.
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
                    tracing::warn!(%fault, "a message for another consumer comes again");
                }
            }
            let next = ready!(self.flow.poll_into(cx, into));
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

impl<S: fmt::Debug> fmt::Debug for Addressed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flow.fmt(f)
    }
}
