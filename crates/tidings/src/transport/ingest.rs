//! Many messages for one stream, confirmed together.

pub(crate) use super::nats::NatsIngest as Ingest;

/// A batch that is stored.
#[derive(Debug)]
pub(crate) struct Ingested {
    pub(crate) stream: String,
    /// The sequence of the last message that was stored; those the stream already had were not.
    pub(crate) last_sequence: u64,
    /// How many messages were taken, in order.
    pub(crate) messages: u64,
    /// How many messages the server confirmed with one answer.
    pub(crate) flow: u64,
}

/// A batch that is over. Some of its messages may be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The stream does not allow it.
    NotAllowed,
    /// A message was refused or lost, or nothing is heard any more.
    Broken,
}
