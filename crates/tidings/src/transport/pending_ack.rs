//! The ack of a publish, on its way.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::publish_ack::PublishAck;
use crate::transport::Fault;
use crate::transport::nats::NatsAck;

/// Resolves once the stream has stored the message or refused it. Dropping it forgets the ack.
#[derive(Debug)]
pub(crate) enum PendingAck {
    Nats(NatsAck),
    /// An ack that was known at once; `None` where nobody will ever say.
    Known(Option<Result<PublishAck, Fault>>),
}

impl PendingAck {
    /// Takes the ack if it is here. Nobody is woken when it comes later.
    pub(crate) fn take(&mut self) -> Option<Result<PublishAck, Fault>> {
        match self {
            Self::Nats(ack) => ack.take(),
            Self::Known(ack) => ack.take(),
        }
    }

    /// Returns `true` if it ends by itself, with a [`Fault::Timeout`] once its time is up.
    pub(crate) fn is_timed(&self) -> bool {
        match self {
            Self::Nats(ack) => ack.is_timed(),
            Self::Known(ack) => ack.is_some(),
        }
    }

    /// Looks whether it is here, and keeps it; wakes when it comes.
    pub(crate) fn look(&mut self, cx: &mut Context<'_>) -> bool {
        match Pin::new(&mut *self).poll(cx) {
            Poll::Ready(ack) => {
                *self = Self::Known(Some(ack));
                true
            }
            Poll::Pending => false,
        }
    }
}

impl Future for PendingAck {
    type Output = Result<PublishAck, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Nats(ack) => Pin::new(ack).poll(cx),
            Self::Known(ack) => ack.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}
