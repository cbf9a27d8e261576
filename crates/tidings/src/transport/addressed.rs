//! What a durable consumer delivers, without what was put back for another consumer only.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;

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

impl<S: Stream<Item = Result<Incoming, Fault>> + Unpin> Stream for Addressed<S> {
    type Item = Result<Incoming, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(passing) = &mut this.passing {
                let passed = ready!(passing.as_mut().poll(cx));
                this.passing = None;
                if let Err(fault) = passed {
                    tracing::warn!(%fault, "a message for another consumer comes again");
                }
            }
            let next = ready!(Pin::new(&mut this.flow).poll_next(cx));
            match next {
                Some(Ok(Incoming {
                    settle: Some(settle),
                    receipt: Some(receipt),
                    headers,
                    ..
                })) if !this.all && headers.is_for_another(&receipt.stream, &receipt.consumer) => {
                    this.passing =
                        Some(Box::pin(async move { settle.send(Settlement::Ack).await }));
                }
                next => return Poll::Ready(next),
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Addressed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flow.fmt(f)
    }
}
