//! Receipt of a delivery: its stream, its consumer and the count of its deliveries.

use std::sync::Arc;
use std::time::SystemTime;

/// Receipt of a delivery: where a stream keeps the message, and which delivery of it this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Stream and consumer of the message: for all messages of one consumer the same two texts.
    pub(crate) stream: Arc<str>,
    pub(crate) consumer: Arc<str>,
    pub(crate) sequence: u64,
    /// Counts from 1 with each delivery of the same message to this consumer.
    pub(crate) attempt: u64,
    /// Number of messages that the consumer has still to deliver.
    pub(crate) pending: u64,
    pub(crate) stored_at: SystemTime,
}
