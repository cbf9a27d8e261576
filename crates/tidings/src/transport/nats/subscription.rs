//! Core subscriptions.

pub(crate) mod interest;
pub(crate) mod subscription_buffer;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use async_nats::{Message, Subscriber};
use tokio_util::task::AbortOnDropHandle;

use crate::subject::Subject;
use crate::transport::nats::codec::header::NatsHeaders;
use crate::transport::nats::codec::subject::from_nats;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::connection::permission::Denials;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::subscription::interest::Interest;
use crate::transport::nats::subscription::subscription_buffer::SubscriptionBuffer;
use crate::transport::{Denial, Dropped, Fault, Incoming, IncomingHeaders};

/// A core subscription. Dropping it ends the interest, and loses what is on the way.
pub(crate) struct NatsSubscription {
    buffer: Arc<SubscriptionBuffer>,
    denials: Arc<Denials>,
    /// Reads what is not taken in time; ended with this value.
    _keeper: AbortOnDropHandle<()>,
}

impl Nats {
    pub(crate) async fn subscribe(
        &self,
        filter: Subject,
        group: Option<&str>,
        capacity: Option<usize>,
        only: Vec<Subject>,
    ) -> Result<NatsSubscription, Fault> {
        if self.shared.closed.load(Ordering::Relaxed) {
            return Err(Fault::Closed);
        }
        let which = self.which(&filter);
        let connection = self.open(which).await?;
        let interest = Interest { filter, group: group.map(str::to_owned), only };
        let (denied_before, made) =
            (connection.denials.last(), connection.supervisor.connect_count());
        let subscriber = self.listen(which, &interest).await?;
        let capacity = capacity.unwrap_or(self.shared.capacity);
        let dropped = Dropped::announced(self.shared.main.supervisor.announcer().clone());
        let before = (denied_before, made);
        let buffer = SubscriptionBuffer::new(interest, subscriber, capacity, before, dropped);
        Ok(NatsSubscription::new(self.clone(), which, buffer))
    }

    pub(crate) async fn listen(
        &self,
        which: Role,
        interest: &Interest,
    ) -> Result<Subscriber, Fault> {
        let connection = self.connection(which);
        self.in_time(connection.listen(interest.filter.clone(), interest.group.clone()))
            .await
            .map_err(|fault| self.told(fault))
    }
}

impl NatsSubscription {
    pub(crate) fn new(nats: Nats, which: Role, buffer: SubscriptionBuffer) -> Self {
        let (buffer, denials) = (Arc::new(buffer), Arc::clone(&nats.connection(which).denials));
        // The subscription ends with that runtime, whoever listens.
        let runtime = nats.shared.runtime.clone();
        let keeper = runtime.spawn(Arc::clone(&buffer).keep(nats, which));
        Self { buffer, denials, _keeper: AbortOnDropHandle::new(keeper) }
    }

    /// Takes the server's denial of it, if there is one; told once.
    pub(crate) fn denied(&self) -> Option<Denial> {
        self.buffer.denied(&self.denials)
    }

    /// Ends the interest; what the server has sent by then is still yielded, then `None`.
    pub(crate) fn stop(&mut self) {
        self.buffer.stop();
    }

    /// The next message, written in the place of `into`.
    pub(crate) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        let next = self.buffer.poll_next(cx, |message| {
            let Message { subject, reply, headers, payload, .. } = message;
            into.become_core(
                from_nats(subject),
                reply.map(from_nats),
                IncomingHeaders::nats(headers.map(NatsHeaders::new)),
                payload,
            );
        });
        next.map(|next| next.map(|next| next.map_err(Fault::Denied)))
    }

    /// Counts the messages for which there was no room.
    pub(crate) fn dropped(&self) -> &Dropped {
        &self.buffer.dropped
    }
}

impl Drop for NatsSubscription {
    fn drop(&mut self) {
        // Not when the keeper comes to it: who drops a subscription hears no more.
        self.buffer.cut();
    }
}

impl fmt::Debug for NatsSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsSubscription")
            .field("filter", &self.buffer.interest.filter)
            .field("queued", &self.buffer.len())
            .field("dropped", &self.dropped().count())
            .finish_non_exhaustive()
    }
}
