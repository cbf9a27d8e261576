//! What a bus stands on: the seam between the typed part and NATS or memory.
//!
//! Everything above speaks of `Outgoing`, `Incoming` and `Settlement`; everything below moves
//! bytes. Both transports refuse the same things with the same [`Fault`].

mod addressed;
mod atomic;
mod consume;
mod denial;
mod dropped;
mod fault;
mod heading;
mod inbox;
mod inboxes;
mod incoming;
mod ingest;
pub(crate) mod memory;
pub(crate) mod nats;
mod pending_ack;
mod state;
mod stored;

use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::Instant;

pub(crate) use addressed::PollInto;
pub(crate) use atomic::AtomicFault;
pub(crate) use consume::{AckPolicy, ConsumerConfig, DeliverFrom, Foreign, Pull};
pub use denial::{Denial, DeniedAction};
pub(crate) use dropped::Dropped;
pub(crate) use fault::{ApiError, Fault};
pub(crate) use heading::Heading;
pub(crate) use inbox::{CAPACITY, Inbox};
pub(crate) use inboxes::Inboxes;
pub(crate) use incoming::{Incoming, Receipt, Settle, Settlement};
pub(crate) use ingest::{Ingest, Ingested, Stopped};
pub(crate) use pending_ack::PendingAck;
pub use state::{ConsumerState, StreamState};
pub(crate) use stored::{StoredHeaders, StoredMessage, Unreadable, Which};

use crate::header::Headers;
use crate::publish_ack::PublishAck;
use crate::stream::StreamConfig;
use crate::subject::Subject;

/// A message on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) subject: Subject,
    pub(crate) headers: Headers,
    pub(crate) payload: Bytes,
}

impl Outgoing {
    /// What it is, leaving nothing.
    fn take(&mut self) -> Self {
        Self {
            subject: std::mem::replace(&mut self.subject, Subject::from_static("")),
            headers: std::mem::take(&mut self.headers),
            payload: std::mem::take(&mut self.payload),
        }
    }
}

/// The transports there are. A closed set, so that a bus is one plain type.
#[derive(Debug, Clone)]
pub(crate) enum Transport {
    Nats(nats::Nats),
    Memory(memory::Memory),
}

/// Calls the method of whichever transport this is.
macro_rules! on {
    ($self:ident, $transport:ident => $call:expr) => {
        match $self {
            Transport::Nats($transport) => $call,
            Transport::Memory($transport) => $call,
        }
    };
}

impl Transport {
    /// Sends a message to whoever listens, if that takes no waiting; `Ok` means handed over to the
    /// connection, perhaps with all that was in it. Where it is pending nothing has happened, and it is to be [published](Self::publish).
    pub(crate) fn publish_at_once(
        &self,
        message: &mut Outgoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        on!(self, t => t.publish_at_once(message, cx))
    }

    /// The same, and waits until the connection takes it.
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
            Self::Memory(t) => t.store_at_once(message, cx),
        }
    }

    /// The same, and waits until the connection takes it. When this returns the message is sent, so
    /// that messages are stored in the order of these calls; the ack says it is stored. Who calls
    /// keeps it: without an ack it is sent again.
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
    ) -> Result<Option<Ingest>, Fault> {
        match self {
            Self::Nats(t) => t.ingest(stream, flow, within).await,
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
        self.subscribe_with(filter, group, None).await
    }

    /// The same, and says how many messages are held that nobody has taken; what comes then is
    /// dropped and counted.
    pub(crate) async fn subscribe_with(
        &self,
        filter: Subject,
        group: Option<&str>,
        capacity: Option<usize>,
    ) -> Result<Inbox, Fault> {
        match self {
            Self::Nats(t) => t.subscribe(filter, group, capacity).await.map(Inbox::Nats),
            Self::Memory(t) => t.subscribe_with(filter, group, capacity).map(Inbox::Memory),
        }
    }

    /// The stream's configuration; `None` if there is no such stream.
    pub(crate) async fn stream(&self, name: &str) -> Result<Option<StreamConfig>, Fault> {
        on!(self, t => t.stream(name).await)
    }

    /// What the stream holds.
    pub(crate) async fn stream_state(&self, name: &str) -> Result<StreamState, Fault> {
        on!(self, t => t.stream_state(name).await)
    }

    /// Deletes the stream with all it holds.
    pub(crate) async fn delete_stream(&self, name: &str) -> Result<(), Fault> {
        on!(self, t => t.delete_stream(name).await)
    }

    /// Removes the stream's messages, or those of a filter; gives how many.
    pub(crate) async fn purge_stream(
        &self,
        name: &str,
        filter: Option<&Subject>,
    ) -> Result<u64, Fault> {
        on!(self, t => t.purge_stream(name, filter).await)
    }

    /// Removes one message.
    pub(crate) async fn delete_message(&self, stream: &str, sequence: u64) -> Result<(), Fault> {
        on!(self, t => t.delete_message(stream, sequence).await)
    }

    /// How many messages there are whose subject the filter matches.
    pub(crate) async fn count_messages(&self, stream: &str, filter: &str) -> Result<u64, Fault> {
        on!(self, t => t.count_messages(stream, filter).await)
    }

    /// Gives up a message that a consumer has delivered as often as allowed: a stream that keeps
    /// messages for its consumers need not keep it for this one.
    pub(crate) async fn give_up(
        &self,
        stream: &str,
        consumer: &str,
        sequence: u64,
        reason: &str,
    ) -> Result<(), Fault> {
        on!(self, t => t.give_up(stream, consumer, sequence, reason).await)
    }

    /// Reads one message of a stream without a consumer; `None` if there is none such.
    pub(crate) async fn stored(
        &self,
        stream: &str,
        which: Which<'_>,
    ) -> Result<Option<StoredMessage>, Fault> {
        on!(self, t => t.stored(stream, which).await)
    }

    /// How far a durable consumer has come.
    pub(crate) async fn consumer_state(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<ConsumerState, Fault> {
        on!(self, t => t.consumer_state(stream, name).await)
    }

    /// Deletes a durable consumer.
    pub(crate) async fn delete_consumer(&self, stream: &str, name: &str) -> Result<(), Fault> {
        on!(self, t => t.delete_consumer(stream, name).await)
    }

    /// Lets a durable consumer deliver nothing before `until`.
    pub(crate) async fn pause_consumer(
        &self,
        stream: &str,
        name: &str,
        until: SystemTime,
    ) -> Result<(), Fault> {
        on!(self, t => t.pause_consumer(stream, name, until).await)
    }

    /// Creates a stream. One of this name with the same configuration is no fault.
    pub(crate) async fn create_stream(&self, config: &StreamConfig) -> Result<(), Fault> {
        on!(self, t => t.create_stream(config).await)
    }

    /// Changes a stream as far as the server allows. Every field is written.
    pub(crate) async fn update_stream(&self, config: &StreamConfig) -> Result<(), Fault> {
        on!(self, t => t.update_stream(config).await)
    }

    /// The durable consumer's configuration; `None` if there is no such consumer.
    pub(crate) async fn consumer(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<ConsumerConfig>, Fault> {
        on!(self, t => t.consumer(stream, name).await)
    }

    /// Creates a durable consumer. One of this name with the same configuration is no fault.
    pub(crate) async fn create_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<(), Fault> {
        on!(self, t => t.create_consumer(stream, config).await)
    }

    /// Changes a durable consumer as far as the server allows. What it has beside these fields
    /// stays as it is.
    pub(crate) async fn update_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<(), Fault> {
        on!(self, t => t.update_consumer(stream, config).await)
    }

    /// Pulls from a durable consumer, never holding more than `prefetch` messages.
    pub(crate) async fn pull(
        &self,
        stream: &str,
        consumer: &str,
        prefetch: usize,
    ) -> Result<Pull, Fault> {
        match self {
            Self::Nats(t) => t.pull(stream, consumer, prefetch).await.map(Pull::nats),
            Self::Memory(t) => t.pull(stream, consumer, prefetch).map(Pull::memory),
        }
    }

    /// Reads a stream in order, without acknowledging, and goes on as messages arrive. It never
    /// holds more than `prefetch` messages.
    pub(crate) async fn replay(
        &self,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
        prefetch: usize,
    ) -> Result<Pull, Fault> {
        match self {
            Self::Nats(t) => t.replay(stream, filters, from, prefetch).await.map(Pull::NatsOrdered),
            Self::Memory(t) => t.replay(stream, filters, from).map(Pull::memory),
        }
    }

    /// The time as the other side has it: memory follows tokio's clock, also where it is paused.
    pub(crate) fn now(&self) -> SystemTime {
        match self {
            Self::Nats(_) => SystemTime::now(),
            Self::Memory(t) => t.now(),
        }
    }

    /// The largest message it takes, in bytes of payload and headers together.
    pub(crate) fn max_payload(&self) -> usize {
        on!(self, t => t.max_payload())
    }

    /// Waits until the other side has seen everything sent so far on this connection.
    pub(crate) async fn barrier(&self, within: Duration) -> Result<(), Fault> {
        on!(self, t => t.barrier(within).await)
    }

    /// The same, and what the server has denied is known: ask the inboxes.
    pub(crate) async fn allowed(&self, within: Duration) -> Result<(), Fault> {
        match self {
            Self::Nats(t) => t.allowed(within).await,
            Self::Memory(t) => t.barrier(within).await,
        }
    }

    /// A message that the server did not allow to be published, after its call had returned; each
    /// is told once. A barrier comes before, so that the server has seen what was sent.
    pub(crate) fn denied(&self) -> Option<Denial> {
        match self {
            Self::Nats(t) => t.denied(),
            // Nothing is forbidden in memory.
            Self::Memory(_) => None,
        }
    }

    /// Sends what is buffered, ends all subscriptions and closes.
    pub(crate) async fn close(&self, within: Duration) -> Result<(), Fault> {
        on!(self, t => t.close(within).await)
    }
}
