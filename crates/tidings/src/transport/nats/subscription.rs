//! Core subscriptions.

pub(crate) mod subscription_buffer;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_nats::Message;
use tokio_util::task::AbortOnDropHandle;

use crate::subject::Subject;
use crate::transport::nats::Nats;
use crate::transport::nats::NatsHeaders;
use crate::transport::nats::connection::permission::Denials;
use crate::transport::nats::connection::server_connection::Which;
use crate::transport::nats::subscription::subscription_buffer::Feed;
use crate::transport::{Denial, Dropped, Fault, Heading, Incoming};

/// One core subscription. Dropping it ends the interest, and loses what is on the way.
pub(crate) struct NatsInbox {
    feed: Arc<Feed>,
    denials: Arc<Denials>,
    /// Reads what is not taken in time; ended with this value.
    _keeper: AbortOnDropHandle<()>,
}

impl NatsInbox {
    pub(crate) fn new(nats: Nats, which: Which, feed: Feed) -> Self {
        let (feed, denials) = (Arc::new(feed), Arc::clone(&nats.line(which).denials));
        // What it reads ends with that runtime, whoever listens.
        let runtime = nats.shared.runtime.clone();
        let keeper = runtime.spawn(Arc::clone(&feed).keep(nats, which));
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

    /// The next message, written in the place of `into`.
    pub(crate) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        let next = self.feed.poll_next(cx, |message| {
            let Message { subject, reply, headers, payload, .. } = message;
            into.become_core(
                subject_of(subject),
                reply.map(subject_of),
                Heading::nats(headers.map(NatsHeaders::new)),
                payload,
            );
        });
        next.map(|next| next.map(|next| next.map_err(Fault::Denied)))
    }

    /// Counts the messages for which there was no room.
    pub(crate) fn dropped(&self) -> &Dropped {
        &self.feed.dropped
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

#[inline]
pub(crate) fn subject_of(subject: async_nats::Subject) -> Subject {
    Subject::from(subject.into_string())
}

pub(crate) fn incoming(message: Message) -> Incoming {
    Incoming {
        subject: subject_of(message.subject),
        reply: message.reply.map(subject_of),
        headers: Heading::nats(message.headers.map(NatsHeaders::new)),
        payload: message.payload,
        receipt: None,
        settle: None,
    }
}
