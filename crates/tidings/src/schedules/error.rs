//! Errors of schedules.

use std::error::Error;

use crate::envelope::DecodeError;
use crate::publish::PublishError;
use crate::transport::{ApiError, Denial, Fault, Outage};

/// Schedules could not be read, or one could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A text can't be a key: it stands in a subject, as the message id does. Nothing was asked.
    #[error("{key:?} can't be the key of a schedule, which stands in a subject as message ids do")]
    Key {
        /// The text.
        key: String,
    },
    /// Nothing waits under the key: it came, was cancelled, or never was.
    #[error("nothing waits in `{stream}` under {key:?}: it came, was cancelled, or never was")]
    NotWaiting {
        /// The stream.
        stream: &'static str,
        /// The key.
        key: String,
    },
    /// The event came before it could be cancelled or moved: it is in the stream, and nothing of it waits.
    #[error("what waited under {key:?} came before it could be changed")]
    Came {
        /// The key.
        key: String,
    },
    /// The event was cancelled, and may have come before: the server answered too late.
    #[error("what waited under {key:?} was cancelled while it was due, and may have come before")]
    Unsure {
        /// The key.
        key: String,
    },
    /// Others changed it each time that this was tried.
    #[error("what waits under {key:?} is changed by others all the time; try again")]
    Busy {
        /// The key.
        key: String,
    },
    /// Another event waits under the key. Nothing was changed.
    #[error("another event waits under {key:?}: {source}")]
    Other {
        /// The key.
        key: String,
        /// Error that tells which event waits there.
        source: Box<DecodeError>,
    },
    /// A single delivery can't become a recurrence, nor a recurrence a single delivery. Nothing was changed.
    #[error(
        "what waits under {key:?} comes once where it is moved to come again and again, or the other way: cancel it, and publish it anew"
    )]
    Kind {
        /// The key.
        key: String,
    },
    /// The payload of what waits can't be read. It can be cancelled.
    #[error("what waits under {key:?} can't be read: {source}")]
    Decode {
        /// The key.
        key: String,
        /// Error of its payload.
        source: Box<DecodeError>,
    },
    /// The change could not be made, or could not be sent.
    #[error(transparent)]
    Publish(Box<PublishError>),
    /// The stream does not exist.
    #[error(
        "`{stream}` does not exist; create it with `bus.provision::<…>()` and the type that declares it"
    )]
    NoStream {
        /// The stream.
        stream: &'static str,
    },
    /// The server refused.
    #[error("the server refused to read `{stream}`: {description} (code {code})")]
    Refused {
        /// The stream.
        stream: &'static str,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server does not allow what has to be asked.
    #[error(transparent)]
    Denied(Denial),
    /// The server did not answer.
    #[error("the server did not answer about `{stream}` in time")]
    Timeout {
        /// The stream.
        stream: &'static str,
    },
    /// The connection was away for as long as the server may take to answer, or is gone for good.
    #[error("the server can't be asked: {0}")]
    Disconnected(#[source] Outage),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("can't read a stream's schedules")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl From<PublishError> for ScheduleError {
    fn from(error: PublishError) -> Self {
        Self::Publish(Box::new(error))
    }
}

impl ScheduleError {
    pub(super) fn of(fault: Fault, stream: &'static str) -> Self {
        match fault {
            Fault::NoResponders => Self::NoStream { stream },
            Fault::Api(error) if error.is_not_found() => Self::NoStream { stream },
            Fault::Api(ApiError { code, description, .. }) => {
                Self::Refused { stream, code, description }
            }
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Timeout => Self::Timeout { stream },
            Fault::Away(outage) => Self::Disconnected(outage),
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client(source),
            other => Self::Client(other.into()),
        }
    }
}
