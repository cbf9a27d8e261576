//! Batches of messages for one stream, confirmed together.

/// A batch that is stored.
#[derive(Debug)]
pub(crate) struct Ingested {
    pub(crate) stream: String,
    /// The sequence of the last message.
    pub(crate) last_sequence: u64,
    /// Number of messages that were stored, in order.
    pub(crate) messages: u64,
    /// Number of messages that the server confirmed with one answer.
    pub(crate) flow: u64,
}

/// A batch that is over. Some of its messages may be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The stream does not allow it, or nothing is heard: the next batch would fare no better.
    Unavailable,
    /// A message was refused, or the batch was lost on the way.
    Broken,
}
