//! What a core subscription receives.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use crate::transport::{Fault, Incoming, memory, nats};

/// The messages of one core subscription. Dropping it ends the interest.
#[derive(Debug)]
pub(crate) enum Inbox {
    Nats(nats::NatsInbox),
    Memory(memory::MemoryInbox),
}

impl Inbox {
    /// Ends the interest; what was already delivered here is still yielded, then `None`.
    pub(crate) async fn stop(&mut self) -> Result<(), Fault> {
        match self {
            Self::Nats(inbox) => inbox.stop().await,
            Self::Memory(inbox) => {
                inbox.stop();
                Ok(())
            }
        }
    }
}

impl Stream for Inbox {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.get_mut() {
            Self::Nats(inbox) => Pin::new(inbox).poll_next(cx),
            Self::Memory(inbox) => Pin::new(inbox).poll_next(cx),
        }
    }
}
