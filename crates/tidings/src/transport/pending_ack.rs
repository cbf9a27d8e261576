//! The ack of a publish, on its way.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::publish_ack::PublishAck;
use crate::transport::Fault;

/// Resolves once the stream has stored the message or refused it. It has no deadline of its own;
/// dropping it forgets the ack.
pub(crate) struct PendingAck(Pin<Box<dyn Future<Output = Result<PublishAck, Fault>> + Send>>);

impl PendingAck {
    pub(crate) fn new(
        ack: impl Future<Output = Result<PublishAck, Fault>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(ack))
    }
}

impl Future for PendingAck {
    type Output = Result<PublishAck, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for PendingAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingAck")
    }
}
