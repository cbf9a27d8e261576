//! Messages of a core subscription.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

#[cfg(feature = "memory")]
use crate::transport::memory::MemoryInbox;
use crate::transport::nats::NatsSubscription;
use crate::transport::on::on;
use crate::transport::{Denial, Dropped, Fault, Incoming};

/// Default number of messages that a subscription holds and nobody has taken yet; the same as
/// async-nats's.
pub(crate) const CAPACITY: usize = 65_536;

/// The messages of one core subscription. Dropping it ends the interest. A denial comes as an
/// item, once; the flow goes on when the server allows it.
#[derive(Debug)]
pub(crate) enum Inbox {
    Nats(NatsSubscription),
    #[cfg(feature = "memory")]
    Memory(MemoryInbox),
}

impl Inbox {
    /// Ends the interest; what was sent here by then is still yielded, then `None`.
    pub(crate) fn stop(&mut self) {
        on!(self, inbox => inbox.stop());
    }

    /// Counts the messages that were dropped because nobody took them in time.
    pub(crate) fn dropped(&self) -> &Dropped {
        on!(self, inbox => inbox.dropped())
    }

    /// Checks whether the server has denied it; known after a barrier, and told once. Else, and
    /// later, it comes as an item.
    pub(crate) fn denied(&self) -> Option<Denial> {
        match self {
            Self::Nats(inbox) => inbox.denied(),
            // Nothing is forbidden in memory.
            #[cfg(feature = "memory")]
            Self::Memory(_) => None,
        }
    }
}

impl Inbox {
    /// The next message, written in the place of `into`.
    #[inline]
    pub(crate) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        match self {
            Self::Nats(inbox) => inbox.poll_into(cx, into),
            #[cfg(feature = "memory")]
            Self::Memory(inbox) => inbox.poll_into(cx, into).map(|next| next.map(Ok)),
        }
    }
}

impl Stream for Inbox {
    type Item = Result<Incoming, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut incoming = Incoming::default();
        let next = self.get_mut().poll_into(cx, &mut incoming);
        next.map(|next| next.map(|next| next.map(|()| incoming)))
    }
}
