//! Transports as one plain type.

#[cfg(feature = "metrics")]
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::publish_ack::PublishAck;
use crate::subject::Subject;
#[cfg(feature = "metrics")]
use crate::transport::ConnectionObserver;
#[cfg(feature = "memory")]
use crate::transport::memory::Memory;
use crate::transport::nats::{Nats, NatsIngest};
use crate::transport::on::on;
use crate::transport::{
    AtomicFault, ConnectionEvent, ConnectionEventKind, ConnectionEvents, ConnectionRole,
    ConnectionState, ConnectionStatus, Denial, Fault, Inbox, Incoming, Outage, Outgoing,
    PendingAck,
};

/// The transports there are. A closed set, so that a bus is one plain type.
#[derive(Debug, Clone)]
pub(crate) enum Transport {
    Nats(Nats),
    #[cfg(feature = "memory")]
    Memory(Memory),
}

impl Transport {
    /// Sends a message to whoever listens, if that takes no waiting; `Ok` means handed over to the
    /// connection, perhaps with all that was in it. Where it is pending nothing has happened, and
    /// it is to be [published](Self::publish).
    pub(crate) fn publish_at_once(
        &self,
        message: &mut Outgoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        on!(self, t => t.publish_at_once(message, cx))
    }

    /// Sends a message to whoever listens, and waits until the connection takes it.
    pub(crate) async fn publish(&self, message: &Outgoing) -> Result<(), Fault> {
        on!(self, t => t.publish(message, None).await)
    }

    /// Sends a message to whoever listens, with the subject on which any number may answer.
    pub(crate) async fn ask(&self, message: &Outgoing, reply: Subject) -> Result<(), Fault> {
        on!(self, t => t.publish(message, Some(reply)).await)
    }

    /// A new subject that nobody else listens on.
    pub(crate) fn new_inbox(&self) -> Subject {
        on!(self, t => t.new_inbox())
    }

    /// Sends a message to the stream that keeps its subject, if that takes no waiting. Where it is
    /// pending nothing has happened, and it is to be [stored](Self::store). The ack has time until
    /// `by`, where it [says so](PendingAck::is_timed).
    pub(crate) fn store_at_once(
        &self,
        message: &Outgoing,
        by: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<Result<PendingAck, Fault>> {
        match self {
            Self::Nats(t) => t.store_at_once(message, by, cx),
            #[cfg(feature = "memory")]
            Self::Memory(t) => t.store_at_once(message, cx),
        }
    }

    /// Sends a message to the stream that keeps its subject, and waits until the connection takes
    /// it. When this returns the message is sent, so that messages are stored in the order of these
    /// calls; the ack says it is stored. Who calls keeps it: without an ack it is sent again.
    pub(crate) async fn store(&self, message: &Outgoing) -> Result<PendingAck, Fault> {
        on!(self, t => t.store(message).await)
    }

    /// Begins a batch of messages that a stream confirms together; `None` where there is no such
    /// way. `flow` is that of one that ended just before; nothing may be heard for as long as
    /// `within`.
    pub(crate) async fn ingest(
        &self,
        stream: &str,
        flow: Option<u64>,
        within: Duration,
    ) -> Result<Option<NatsIngest>, Fault> {
        match self {
            Self::Nats(t) => t.ingest(stream, flow, within).await,
            #[cfg(feature = "memory")]
            Self::Memory(_) => Ok(None),
        }
    }

    /// Sends messages to the one stream that keeps their subjects, which stores all of them or
    /// none; the ack is that of the last. There are two at least, each with an id. Waits so long
    /// for each answer, and after the whole batch was sent no longer than that.
    pub(crate) async fn store_atomically(
        &self,
        messages: &[Outgoing],
        within: Duration,
    ) -> Result<PublishAck, AtomicFault> {
        on!(self, t => t.store_atomically(messages, within).await)
    }

    /// Sends a request and waits for one reply, or until `within` has passed.
    pub(crate) async fn request(
        &self,
        message: Outgoing,
        within: Duration,
    ) -> Result<Incoming, Fault> {
        on!(self, t => t.request(message, within).await)
    }

    /// Listens on a subject filter, alone or as one of a queue group. The interest is registered
    /// when this returns.
    pub(crate) async fn subscribe(
        &self,
        filter: Subject,
        group: Option<&str>,
    ) -> Result<Inbox, Fault> {
        self.subscribe_with(filter, group, None, Vec::new()).await
    }

    /// Listens on a subject filter, and says how many messages are held that nobody has taken; what
    /// comes then is dropped and counted. Where there are `only` some that are meant, what none of
    /// these matches is passed over.
    pub(crate) async fn subscribe_with(
        &self,
        filter: Subject,
        group: Option<&str>,
        capacity: Option<usize>,
        only: Vec<Subject>,
    ) -> Result<Inbox, Fault> {
        match self {
            Self::Nats(t) => t.subscribe(filter, group, capacity, only).await.map(Inbox::Nats),
            #[cfg(feature = "memory")]
            Self::Memory(t) => t.subscribe_with(filter, group, capacity, only).map(Inbox::Memory),
        }
    }

    /// The time as the other side has it: memory follows tokio's clock, also where it is paused.
    pub(crate) fn now(&self) -> SystemTime {
        match self {
            Self::Nats(_) => SystemTime::now(),
            #[cfg(feature = "memory")]
            Self::Memory(t) => t.now(),
        }
    }

    /// The largest message it takes, in bytes of payload and headers together.
    pub(crate) fn max_payload(&self) -> usize {
        on!(self, t => t.max_payload())
    }

    /// The subject on which a change of a bucket is sent, where JetStream is elsewhere; else it is the key's own.
    pub(crate) fn bucket_subject(&self, subject: &Subject) -> Option<Subject> {
        match self {
            Self::Nats(nats) => nats.bucket_subject(subject),
            #[cfg(feature = "memory")]
            Self::Memory(_) => None,
        }
    }

    /// Waits until the other side has seen everything sent so far from here, and what it sent to core
    /// subscriptions by then is here.
    pub(crate) async fn barrier(&self, within: Duration) -> Result<(), Fault> {
        on!(self, t => t.barrier(within).await)
    }

    /// Waits until the other side knows of all core subscriptions, and what it denied of them is
    /// known: ask the inboxes.
    pub(crate) async fn allowed(&self, within: Duration) -> Result<(), Fault> {
        match self {
            Self::Nats(t) => t.allowed(within).await,
            #[cfg(feature = "memory")]
            Self::Memory(t) => t.barrier(within).await,
        }
    }

    /// A message that the server did not allow to be published, after its call had returned; each
    /// is told once. A barrier comes before, so that the server has seen what was sent.
    pub(crate) fn denied(&self) -> Option<Denial> {
        match self {
            Self::Nats(t) => t.denied(),
            // Nothing is forbidden in memory.
            #[cfg(feature = "memory")]
            Self::Memory(_) => None,
        }
    }

    /// Returns `true` if a schedule may be published that was ended or replaced before: a server (2.15.1)
    /// publishes what it has gathered.
    pub(crate) fn publishes_what_ended(&self) -> bool {
        match self {
            Self::Nats(_) => true,
            #[cfg(feature = "memory")]
            Self::Memory(_) => false,
        }
    }

    /// State of the connection, as far as it is known here.
    pub(crate) fn state(&self) -> ConnectionState {
        on!(self, t => t.state())
    }

    /// The events of the connection; the first says how it is.
    pub(crate) fn events(&self) -> ConnectionEvents {
        let heard = on!(self, t => t.announcer().listen());
        // Looked at behind that: what happens between is told twice.
        let state = self.state();
        let kind = match state.status {
            ConnectionStatus::Connected => ConnectionEventKind::Connected,
            ConnectionStatus::Connecting { cause, .. }
            | ConnectionStatus::Reconnecting { cause, .. } => {
                ConnectionEventKind::Disconnected { cause }
            }
            ConnectionStatus::Closed => ConnectionEventKind::Closed,
        };
        let address = state.server.and_then(|server| server.address);
        ConnectionEvents::new(ConnectionEvent::new(kind, ConnectionRole::Main, address), heard)
    }

    /// Has an observer, made of how the connection is now, told of everything that becomes of it; the first
    /// one that is given.
    #[cfg(feature = "metrics")]
    pub(crate) fn observe(&self, observer: fn(&ConnectionState) -> Arc<dyn ConnectionObserver>) {
        on!(self, t => t.announcer().observe(|| observer(&self.state())));
    }

    /// Resolves once there was a connection, at once where a bus is made with it; fails where the bus ends
    /// before.
    pub(crate) async fn first_connection(&self) -> Result<(), Fault> {
        match self {
            Self::Nats(t) => t.first_connection().await,
            #[cfg(feature = "memory")]
            Self::Memory(_) => Ok(()),
        }
    }

    /// Reason why there is no connection; `None` while there is one.
    pub(crate) fn outage(&self) -> Option<Outage> {
        match self {
            Self::Nats(t) => t.outage(),
            // Nothing comes between.
            #[cfg(feature = "memory")]
            Self::Memory(_) => None,
        }
    }

    /// Fault that listening took too long to begin, and why, where that is known.
    pub(crate) fn too_late_to_listen(&self) -> Fault {
        match self {
            Self::Nats(t) => t.too_late_to_listen(),
            // Nothing comes between.
            #[cfg(feature = "memory")]
            Self::Memory(_) => Fault::Timeout,
        }
    }

    /// Sends what is buffered, ends all subscriptions and closes, in any case within that time.
    pub(crate) async fn close(&self, within: Duration) -> Result<(), Fault> {
        on!(self, t => t.close(within).await)
    }
}
