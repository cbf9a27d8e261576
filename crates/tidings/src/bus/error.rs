//! Errors of connecting and closing.

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::transport::nats::{ConnectFault, Reason};
use crate::transport::{Denial, Fault, Outage};

/// Error of connecting: why no bus was made. No variant shows a password or a token.
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
        /// The variable's value.
        value: String,
        /// Values that the variable may have.
        expected: &'static str,
    },
    /// No stream is kept by so many servers.
    #[error("a stream can't be kept by {replicas} servers: give `stream_replicas` 1 to 5")]
    StreamReplicas {
        /// The number.
        replicas: u8,
    },
    /// A variable that is named after a key of the configuration can't be read.
    #[error("`{name}` can't be used: {source}")]
    Setting {
        /// The variable.
        name: String,
        /// Reason why not.
        source: Box<dyn Error + Send + Sync>,
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
        /// Reason why the prefix is no subject.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The prefix or the domain for JetStream can't stand in a subject.
    #[error(
        "{prefix:?} can't begin JetStream's subjects: it {source}; write something like `$JS.hub.API`"
    )]
    JetStreamPrefix {
        /// The prefix.
        prefix: String,
        /// Reason why the prefix is no subject.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Two different credentials were given.
    #[error("two different credentials were given for {servers}, by URLs or options; give one")]
    TwoCredentials {
        /// The servers, without credentials.
        servers: String,
    },
    /// The address is that of no server, but means a bus in this process.
    #[error(
        "`memory:` is no server: `Bus::in_memory()` makes a bus in this process, and `Bus::from_env` does \
         where `NATS_URL` is `memory:`"
    )]
    Memory,
    /// The program is built without a feature that the address needs.
    #[error(
        "{address:?} needs the feature `{feature}` of tidings, without which this program is built"
    )]
    Feature {
        /// The address, without credentials.
        address: String,
        /// Name of the feature.
        feature: &'static str,
    },
    /// The credentials can't be read.
    #[error("the credentials for {servers} can't be used: {source}")]
    Credentials {
        /// The servers, without credentials.
        servers: String,
        /// The fault of the credentials.
        source: std::io::Error,
    },
    /// A file with credentials or certificates can't be read, or holds nothing of the kind.
    #[error("{} can't be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Error of reading the file.
        source: std::io::Error,
    },
    /// The server does not accept the credentials.
    #[error("{servers} refused the connection with {given}: {source}")]
    Refused {
        /// The servers, without credentials.
        servers: String,
        /// The kind of what was given, such as "a token" or "no credentials".
        given: &'static str,
        /// The server's words.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server does not accept the credentials: by their own word they have expired.
    #[error(
        "{servers} refused the credentials, which expired {}: {source}; get new ones", ago(*expired)
    )]
    Expired {
        /// The servers, without credentials.
        servers: String,
        /// Time at which the credentials expired.
        expired: SystemTime,
        /// The server's words.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server's certificate is signed by no authority that is trusted here.
    #[error(
        "no authority that is trusted here has signed the certificate of {servers}: {source}; name the one \
         that has with `root_certificates` (`NATS_CA`)"
    )]
    UnknownAuthority {
        /// The servers, without credentials.
        servers: String,
        /// The fault of the certificate.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server's certificate is for another host than the one that was connected to.
    #[error(
        "the certificate of {servers} is for another host: {source}; connect by a name that is in it"
    )]
    WrongHost {
        /// The servers, without credentials.
        servers: String,
        /// The fault of the certificate.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server's certificate can't be accepted, for example because it has expired.
    #[error("the certificate of {servers} can't be accepted: {source}")]
    Certificate {
        /// The servers, without credentials.
        servers: String,
        /// The fault of the certificate.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server wants a certificate of the client, or another one.
    #[error(
        "{servers} did not accept the client's certificate, or got none: {source}; give one that it trusts \
         with `client_certificate` (`NATS_CERT` and `NATS_KEY`)"
    )]
    ClientCertificate {
        /// The servers, without credentials.
        servers: String,
        /// The server's words.
        source: Box<dyn Error + Send + Sync>,
    },
    /// No TLS with the server.
    #[error(
        "TLS with {servers} failed: {source}; does it have TLS, and does it begin with it (`tls_first`)?"
    )]
    Tls {
        /// The servers, without credentials.
        servers: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The name of the host is not known.
    #[error("the host of {servers} is not known: {source}")]
    UnknownHost {
        /// The servers, without credentials.
        servers: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The host can't be reached, or nobody listens on its port.
    #[error("{servers} can't be reached: {source}; is a nats-server running there?")]
    Unreachable {
        /// The servers, without credentials.
        servers: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// No server answers in time.
    #[error(
        "no answer from {servers} within {waited:?}; is a nats-server running there, and one that does not \
         wait for TLS first (`tls_first`)?"
    )]
    Timeout {
        /// The servers, without credentials.
        servers: String,
        /// Time that was waited.
        waited: Duration,
    },
    /// No connection can be made.
    #[error("can't connect to {servers}: {source}")]
    Failed {
        /// The servers, without credentials.
        servers: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Writes how long a time has passed, as it is said of one: in the largest unit that fits.
fn ago(time: SystemTime) -> String {
    let seconds = time.elapsed().unwrap_or_default().as_secs();
    let (count, unit) = match seconds {
        0..120 => (seconds, "seconds"),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

impl ConnectError {
    /// Error of connecting to these servers, which were waited for so long.
    pub(super) fn of(fault: ConnectFault, servers: String, waited: Duration) -> Self {
        let (reason, source) = match fault {
            ConnectFault::Address(unreadable) => {
                let (address, source) = (unreadable.shown, unreadable.source);
                return Self::Address { address, source };
            }
            ConnectFault::Feature { address, feature } => {
                return Self::Feature { address, feature };
            }
            ConnectFault::TwoCredentials => return Self::TwoCredentials { servers },
            ConnectFault::Credentials(source) => return Self::Credentials { servers, source },
            ConnectFault::File { path, source } => return Self::File { path, source },
            ConnectFault::Timeout => return Self::Timeout { servers, waited },
            ConnectFault::NotMade { reason, source } => (reason, source.into()),
        };
        match reason {
            Reason::Refused { given } => Self::Refused { servers, given, source },
            Reason::Expired { at } => Self::Expired { servers, expired: at, source },
            Reason::UnknownAuthority => Self::UnknownAuthority { servers, source },
            Reason::WrongHost => Self::WrongHost { servers, source },
            Reason::Certificate => Self::Certificate { servers, source },
            Reason::ClientCertificate => Self::ClientCertificate { servers, source },
            Reason::Tls => Self::Tls { servers, source },
            Reason::UnknownHost => Self::UnknownHost { servers, source },
            Reason::Unreachable => Self::Unreachable { servers, source },
            Reason::Other => Self::Failed { servers, source },
        }
    }
}

/// The bus could not be flushed or closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// The server did not answer in time: what was published last may be lost.
    #[error("the server did not answer in time; what was published last may be lost")]
    Timeout,
    /// The connection was away: what was published last may be lost.
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
