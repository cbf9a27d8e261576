//! Errors of tracing a message.

use std::error::Error;
use std::time::Duration;

use crate::header::HeaderError;
use crate::transport::{Denial, Fault, Outage};

/// A message's way could not be traced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The subject can't be published on.
    #[error("can't trace {subject:?}: {problem}")]
    Subject {
        /// The subject.
        subject: String,
        /// The problem.
        problem: String,
    },
    /// A header can't be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The bus is in this process, where no server tells of a message's way.
    #[error("a bus in this process has no server that tells of a message's way; connect to one")]
    InMemory,
    /// The server does not allow it: the subject, or where the answers would come.
    #[error("can't trace `{subject}`: {source}")]
    Denied {
        /// The subject.
        subject: String,
        /// The denied permission.
        source: Denial,
    },
    /// No server has told anything in time.
    #[error(
        "no server told of a message on `{subject}` within {waited:?}; it takes nats-server 2.11 or newer"
    )]
    Unanswered {
        /// The subject.
        subject: String,
        /// Time that was waited.
        waited: Duration,
    },
    /// The connection is away.
    #[error("can't trace `{subject}`: {source}")]
    Disconnected {
        /// The subject.
        subject: String,
        /// Reason why there is no connection.
        source: Outage,
    },
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("can't trace `{subject}`")]
    Client {
        /// The subject.
        subject: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl TraceError {
    pub(super) fn of(fault: Fault, subject: &str, waited: Duration) -> Self {
        let subject = subject.to_owned();
        match fault {
            Fault::Denied(source) => Self::Denied { subject, source },
            Fault::Away(source) => Self::Disconnected { subject, source },
            Fault::Timeout => Self::Unanswered { subject, waited },
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client { subject, source },
            other => Self::Client { subject, source: other.into() },
        }
    }
}
