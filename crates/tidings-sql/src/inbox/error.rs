//! Errors of an inbox.

/// Error of an inbox. In a handler `?` makes it a [`Failure`](tidings::Failure) that says to try again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The message is of no stream, or the context is that of several messages.
    #[error(
        "what came on `{subject}` is no single message of a stream, and only such a one comes again: handle an event that a stream keeps, each by itself"
    )]
    NoStream {
        /// Subject of the message.
        subject: String,
    },
    /// The inbox knows messages by their ids, and this one has none.
    #[error(
        "message {sequence} of stream `{stream}` has no id to be known by: give it a `Nats-Msg-Id`, or use an inbox without `by_message_id`"
    )]
    NoMessageId {
        /// Stream of the message.
        stream: String,
        /// Sequence of the message in its stream.
        sequence: u64,
    },
    /// Another transaction writes. On SQLite one that has read before it writes can't wait for that.
    #[error(
        "another transaction writes: try again; on SQLite begin with `Inbox::begin`, which waits for it before anything is read: {0}"
    )]
    Busy(#[source] sqlx::Error),
    /// Another transaction came in between, and the database wants this one done again.
    #[error("another transaction came in between: try again from its beginning: {0}")]
    Conflict(#[source] sqlx::Error),
    /// The database can't be reached, or refuses.
    #[error("the database can't say what is handled: {0}")]
    Database(#[source] sqlx::Error),
}

/// Meaning of a database's error for the handler of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Busy,
    Conflict,
    Other,
}

impl From<sqlx::Error> for InboxError {
    fn from(error: sqlx::Error) -> Self {
        match kind_of(&error) {
            Kind::Busy => Self::Busy(error),
            Kind::Conflict => Self::Conflict(error),
            Kind::Other => Self::Database(error),
        }
    }
}

fn kind_of(error: &sqlx::Error) -> Kind {
    let Some(error) = error.as_database_error() else { return Kind::Other };
    #[cfg(feature = "sqlite")]
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // The lowest byte is the code, and what is above says more of it.
        let code = error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
        // Busy, and locked by a connection that shares the cache.
        return if matches!(code & 0xff, 5 | 6) { Kind::Busy } else { Kind::Other };
    }
    match error.code().as_deref() {
        // No lock within `lock_timeout`.
        Some("55P03") => Kind::Busy,
        // Serialization failure, deadlock.
        Some("40001" | "40P01") => Kind::Conflict,
        _ => Kind::Other,
    }
}
