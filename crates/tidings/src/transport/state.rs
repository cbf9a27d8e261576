//! States of streams and consumers, and which ones they are.

use std::time::{Duration, SystemTime};

use crate::stream::StreamConfig;
use crate::subject::Subject;
use crate::transport::DeliverFrom;

/// State of a stream: what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamState {
    /// Number of messages.
    pub messages: u64,
    /// Size of the messages in bytes, headers and subjects included.
    pub bytes: u64,
    /// The sequence of the first message that is there.
    pub first_sequence: u64,
    /// The sequence of the last message that was stored.
    pub last_sequence: u64,
    /// Number of different subjects.
    pub subjects: u64,
    /// Number of consumers of the stream.
    pub consumers: u64,
}

/// State of a durable consumer: its counts, and until when it is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerState {
    /// Number of messages that it has still to deliver for the first time.
    pub pending: u64,
    /// Number of messages that were delivered and not settled.
    pub ack_pending: u64,
    /// Number of unsettled messages that were delivered more than once.
    pub redelivered: u64,
    /// Number of deliveries so far; each delivery of the same message counts.
    pub delivered: u64,
    /// Number of requests that wait for messages: one for each instance that reads it and has room.
    pub waiting: u64,
    /// Time until which it delivers nothing; `None` while it is not paused.
    pub paused_until: Option<SystemTime>,
}

/// A stream as a server has it, whatever program made it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StreamInfo {
    /// Configuration of the stream, with its name.
    pub config: StreamConfig,
    /// Contents of the stream.
    pub state: StreamState,
}

/// A consumer as a server has it, whatever program made it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerInfo {
    /// Name of the consumer.
    pub name: String,
    /// The filters of what it delivers; none is all that its stream has.
    pub filters: Vec<Subject>,
    /// Ack wait: the time that a delivery may stay unsettled before it comes again.
    pub ack_wait: Duration,
    /// Maximum number of deliveries of one message; `None` is without limit.
    pub max_deliver: Option<u64>,
    /// State of the consumer.
    pub state: ConsumerState,
}

/// Identity of a stream or a consumer, which tells it from another of its name: it is not the same
/// once it was deleted and made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity(pub(crate) String);

/// Snapshot of a stream: which one it is, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamSnapshot {
    pub(crate) identity: Identity,
    /// The sequence of the last message that was stored.
    pub(crate) last: u64,
}

/// Bounds of a stream: which one it is, and from where to where it has messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamBounds {
    pub(crate) identity: Identity,
    /// The sequence of the first message that is there; that of the next one, where none is.
    pub(crate) first: u64,
    /// The sequence of the last message that was stored.
    pub(crate) last: u64,
    /// Number of different subjects.
    pub(crate) subjects: u64,
}

/// Snapshot of a durable consumer: which one it is, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsumerSnapshot {
    pub(crate) identity: Identity,
    /// Start of the consumer.
    pub(crate) from: DeliverFrom,
    /// Number of deliveries so far.
    pub(crate) delivered: u64,
    /// The sequence of the last message that it has delivered, or passed over.
    pub(crate) reached: u64,
    /// The sequence up to which all is settled (NATS's ack floor).
    pub(crate) floor: u64,
    /// Number of messages that were delivered and not settled.
    pub(crate) unsettled: u64,
    /// Number of messages that were delivered more than once and not settled, those included that
    /// it has given up; none where it delivers each once.
    pub(crate) redelivered: u64,
}
