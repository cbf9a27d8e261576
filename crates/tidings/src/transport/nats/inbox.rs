//! Core subscriptions.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio_util::task::AbortOnDropHandle;

use super::denial::Denials;
use super::feed::Feed;
use super::{Nats, NatsHeaders};
use crate::subject::Subject;
use crate::transport::{Denial, Dropped, Fault, Heading, Incoming};

/// One core subscription. Dropping it ends the interest, and loses what is on the way.
pub(crate) struct NatsInbox {
    feed: Arc<Feed>,
    denials: Arc<Denials>,
    /// Reads what is not taken in time; ended with this value.
    _keeper: AbortOnDropHandle<()>,
}

impl NatsInbox {
    pub(super) fn new(nats: Nats, feed: Feed) -> Self {
        let (feed, denials) = (Arc::new(feed), Arc::clone(&nats.shared.denials));
        let keeper = tokio::spawn(Arc::clone(&feed).keep(nats));
        Self { feed, denials, _keeper: AbortOnDropHandle::new(keeper) }
    }

    /// Whether the server has denied it; told once.
    pub(crate) fn denied(&self) -> Option<Denial> {
        self.feed.denied(&self.denials)
    }

    /// Ends the interest; what the server has sent by then is still yielded, then `None`.
    pub(crate) fn stop(&mut self) {
        self.feed.stop();
    }

    /// Counts the messages for which there was no room.
    pub(crate) fn dropped(&self) -> &Dropped {
        &self.feed.dropped
    }
}

impl Stream for NatsInbox {
    type Item = Result<Incoming, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.feed.poll_next(cx);
        next.map(|next| next.map(|message| message.map(incoming).map_err(Fault::Denied)))
    }
}

impl Drop for NatsInbox {
    fn drop(&mut self) {
        // Not when the keeper comes to it: who drops a subscription hears no more.
        self.feed.cut();
    }
}

impl fmt::Debug for NatsInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsInbox")
            .field("filter", &self.feed.interest.filter)
            .field("queued", &self.feed.len())
            .field("dropped", &self.dropped().count())
            .finish_non_exhaustive()
    }
}

pub(super) fn incoming(message: async_nats::Message) -> Incoming {
    Incoming {
        subject: Subject::from(message.subject.into_string()),
        reply: message.reply.map(|reply| Subject::from(reply.into_string())),
        headers: Heading::nats(message.headers.map(NatsHeaders::new)),
        payload: message.payload,
        receipt: None,
        settle: None,
    }
}
