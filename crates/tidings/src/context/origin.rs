//! Origin of a stream's message, which no other message has.

use std::time::SystemTime;

/// Origin of a stream's message: the place that it has, or first had, and since when. No two messages have the same, also
/// where a stream is deleted and made again, which counts its sequences anew; and however often a message is delivered or
/// [put back](crate::DeadLetters::redrive), it keeps its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Origin<'a> {
    /// The stream that stored the message first.
    pub stream: &'a str,
    /// Sequence of the message in its stream.
    pub sequence: u64,
    /// Time at which it was stored there, to the nanosecond.
    pub stored_at: SystemTime,
}
