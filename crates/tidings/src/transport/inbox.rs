//! What a core subscription receives.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use crate::transport::{Dropped, Incoming, memory, nats};

/// How many messages a subscription holds that nobody has taken yet, where nothing else is said;
/// as with async-nats.
pub(crate) const CAPACITY: usize = 65_536;

/// The messages of one core subscription. Dropping it ends the interest.
#[derive(Debug)]
pub(crate) enum Inbox {
    Nats(nats::NatsInbox),
    Memory(memory::MemoryInbox),
}

impl Inbox {
    /// Ends the interest; what was sent here by then is still yielded, then `None`.
    pub(crate) fn stop(&mut self) {
        match self {
            Self::Nats(inbox) => inbox.stop(),
            Self::Memory(inbox) => inbox.stop(),
        }
    }

    /// Counts the messages that were dropped because nobody took them in time.
    pub(crate) fn dropped(&self) -> &Dropped {
        match self {
            Self::Nats(inbox) => inbox.dropped(),
            Self::Memory(inbox) => inbox.dropped(),
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
