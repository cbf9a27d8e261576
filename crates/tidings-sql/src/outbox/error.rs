//! Error of writing an event.

use tidings::PublishError;

/// An event could not be written in a transaction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The event can't be published: a field is no token of its subject, or it is larger than the server
    /// takes. Nothing was written.
    #[error(transparent)]
    Event(#[from] PublishError),
    /// A record is larger than the server takes. Nothing was written.
    #[error(
        "the message for `{subject}` has {size} bytes with its headers, the server takes {limit} (`max_payload`)"
    )]
    TooLarge {
        /// Subject of the message.
        subject: String,
        /// Size of the event in bytes.
        size: usize,
        /// The server's limit in bytes.
        limit: usize,
    },
    /// No stream keeps the record, so that nobody would say whether it was published.
    #[error("no stream keeps the record for `{subject}`: say which one with `Record::in_stream`")]
    NoStream {
        /// Subject of the record.
        subject: String,
    },
    /// The record expects its stream to be as it is now, which may be another one when it is published.
    #[error(
        "the record for `{subject}` expects something of its stream, which can't be held until it is published"
    )]
    Expectation {
        /// Subject of the record.
        subject: String,
    },
    /// The database refused the row.
    #[error("the event can't be written to the outbox: {0}")]
    Database(#[from] sqlx::Error),
}
