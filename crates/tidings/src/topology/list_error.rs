//! Error of listing streams or consumers.

use std::error::Error;

use crate::transport::{ApiError, Denial, Fault, Outage};

/// Streams, or the consumers of one, could not be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The stream is missing.
    #[error("stream `{stream}` does not exist; `bus.streams()` tells which there are")]
    NoStream {
        /// The stream.
        stream: String,
    },
    /// The name is none that a stream can have.
    #[error("{stream:?} can't name a stream: {problem}")]
    Name {
        /// The name.
        stream: String,
        /// The problem.
        problem: String,
    },
    /// The server refused.
    #[error("the server refused the list: {description} (code {code})")]
    Refused {
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server does not allow what has to be asked.
    #[error("nothing can be listed: {0}")]
    Denied(#[source] Denial),
    /// The server did not answer.
    #[error("the server did not answer in time")]
    Timeout,
    /// The connection was away for as long as the server may take to answer, or is gone for good.
    #[error("the server can't be asked: {0}")]
    Disconnected(#[source] Outage),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("the server can't be asked")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl ListError {
    pub(crate) fn of(fault: Fault, stream: &str) -> Self {
        match fault {
            Fault::Api(error) if error.code == ApiError::STREAM_NOT_FOUND => {
                Self::NoStream { stream: stream.to_owned() }
            }
            Fault::Api(error) => Self::Refused { code: error.code, description: error.description },
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Timeout => Self::Timeout,
            Fault::Away(outage) => Self::Disconnected(outage),
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client(source),
            other => Self::Client(other.into()),
        }
    }
}
