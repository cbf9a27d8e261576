//! Core subscriptions.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::task::coop;
use tokio_util::task::AbortOnDropHandle;

use super::feed::Feed;
use super::{Nats, header};
use crate::subject::Subject;
use crate::transport::{Dropped, Incoming};

/// One core subscription. Dropping it ends the interest, and loses what is on the way.
pub(crate) struct NatsInbox {
    feed: Arc<Feed>,
    /// Reads what is not taken in time; ended with this value.
    _keeper: AbortOnDropHandle<()>,
}

impl NatsInbox {
    pub(super) fn new(
        nats: Nats,
        filter: String,
        subscriber: async_nats::Subscriber,
        capacity: usize,
    ) -> Self {
        let feed = Arc::new(Feed::new(filter, subscriber, capacity));
        let keeper = tokio::spawn(Arc::clone(&feed).keep(nats));
        Self { feed, _keeper: AbortOnDropHandle::new(keeper) }
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
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // A full queue must not keep the other tasks from running.
        let coop = ready!(coop::poll_proceed(cx));
        self.feed.poll_next(cx).map(|message| {
            coop.made_progress();
            message.map(incoming)
        })
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
            .field("filter", &self.feed.filter)
            .field("queued", &self.feed.len())
            .field("dropped", &self.dropped().count())
            .finish_non_exhaustive()
    }
}

pub(super) fn incoming(message: async_nats::Message) -> Incoming {
    Incoming {
        subject: Subject::from(message.subject.into_string()),
        reply: message.reply.map(|reply| Subject::from(reply.into_string())),
        headers: header::from_nats(message.headers.as_ref()),
        payload: message.payload,
        receipt: None,
        settle: None,
    }
}
