//! Errors of connecting and closing.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use crate::transport::{Denial, Fault, Outage};

/// There is no connection. No variant shows a password or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No server is named.
    #[error(
        "no server to connect to: name one, or set `NATS_URL`, for example nats://127.0.0.1:4222"
    )]
    NoServer,
    /// A variable of the environment is set without the one that belongs to it.
    #[error("`{set}` is set without `{missing}`: set both, or neither")]
    Incomplete {
        /// The variable that is set.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// A variable of the environment has a value that means nothing.
    #[error("`{name}` is {value:?}: give {expected}, or leave it unset")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// Values that it may have.
        expected: &'static str,
    },
    /// An address can't be read.
    #[error("{address:?} is no server address: {source}; write nats://host:port")]
    Address {
        /// The address, without credentials.
        address: String,
        /// The fault of the address.
        source: std::io::Error,
    },
    /// The prefix for inboxes can't stand in a subject.
    #[error("{prefix:?} can't begin an inbox: it {source}; write something like `_INBOX.shop`")]
    InboxPrefix {
        /// The prefix.
        prefix: String,
        /// Why the prefix is no subject.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Two different credentials were given.
    #[error("two different credentials were given for {servers}, by URLs or options; give one")]
    TwoCredentials {
        /// The servers, without credentials.
        servers: String,
    },
    /// The credentials can't be read.
    #[error("the credentials for {servers} can't be read")]
    Credentials {
        /// The servers, without credentials.
        servers: String,
        /// The fault of the credentials.
        source: std::io::Error,
    },
    /// A file with credentials or certificates can't be read.
    #[error("{} can't be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The server does not accept the credentials.
    #[error("{servers} refused the credentials")]
    Refused {
        /// The servers, without credentials.
        servers: String,
        /// The server's words.
        source: Box<dyn Error + Send + Sync>,
    },
    /// No server answers in time.
    #[error("no answer from {servers} within {waited:?}; is a nats-server running there?")]
    Timeout {
        /// The servers, without credentials.
        servers: String,
        /// Time that was waited.
        waited: Duration,
    },
    /// No connection can be made.
    #[error("can't connect to {servers}; is a nats-server running there?")]
    Failed {
        /// The servers, without credentials.
        servers: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The bus could not be flushed or closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// The server did not answer in time: what was published last may be lost.
    #[error("the server did not answer in time; what was published last may be lost")]
    Timeout,
    /// There was no connection: what was published last may be lost.
    #[error("what was published last may be lost: {0}")]
    Disconnected(#[source] Outage),
    /// The server did not allow a message that was published since the last flush. It is lost; the
    /// first one is named here, and each in the log.
    #[error("a message was not delivered: {0}")]
    Denied(#[source] Denial),
    /// The bus is closed already.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("the bus can't be closed in order")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl From<Fault> for CloseError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Timeout => Self::Timeout,
            Fault::Away(outage) => Self::Disconnected(outage),
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client(source),
            other => Self::Client(other.into()),
        }
    }
}
