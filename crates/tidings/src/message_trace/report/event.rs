//! Events of a message's way, each with one line of text.

use std::fmt;
use std::time::SystemTime;

use serde_json::Value;

/// Event of a message's way.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TraceEvent {
    /// Time of the event by the server's clock.
    pub at: Option<SystemTime>,
    /// Kind of the event.
    pub kind: TraceEventKind,
}

/// Kind of an event of a message's way.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TraceEventKind {
    /// The message came to the server.
    Ingress {
        /// Connection on which the message came.
        connection: ConnectionKind,
        /// Name of that connection.
        name: Option<String>,
        /// Account.
        account: String,
        /// Subject.
        subject: String,
        /// Reason why the message went no further; `None` where it did.
        error: Option<String>,
    },
    /// A mapping of the account changed its subject.
    SubjectMapping {
        /// The new subject.
        to: String,
    },
    /// The message went to another account by a stream export.
    StreamExport {
        /// The other account.
        account: String,
        /// Subject there.
        to: String,
    },
    /// The message went to another account by a service import.
    ServiceImport {
        /// The other account.
        account: String,
        /// Subject here.
        from: String,
        /// Subject there.
        to: String,
    },
    /// A stream takes the message, or does not.
    JetStream {
        /// The stream.
        stream: String,
        /// Subject under which it is stored, after the stream's own transform.
        subject: Option<String>,
        /// `true` if the stream keeps by interest, and there is none.
        no_interest: bool,
        /// Reason why the stream refuses the message; `None` where it takes it.
        error: Option<String>,
    },
    /// The message leaves the server: to a subscription, or to another server.
    Egress {
        /// Connection on which the message leaves.
        connection: ConnectionKind,
        /// Name of that connection.
        name: Option<String>,
        /// Place in the way of the server that it goes to.
        hop: Option<String>,
        /// Account, where it is another one.
        account: Option<String>,
        /// Filter of the subscription.
        subscription: Option<String>,
        /// Queue group of the subscription.
        queue_group: Option<String>,
        /// Reason why the message does not leave; `None` where it does.
        error: Option<String>,
    },
    /// An event that this version does not know, as the server has told it.
    Other {
        /// The event's kind, as the server calls it.
        kind: String,
        /// The whole event, as the server has told it.
        event: Value,
    },
}

/// Kind of a connection of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionKind {
    /// A client.
    Client,
    /// Another server of the cluster.
    Router,
    /// A server of another cluster.
    Gateway,
    /// The server's own system.
    System,
    /// A leaf node.
    Leaf,
    /// The server's own streams.
    JetStream,
    /// An account of the server.
    Account,
    /// Another kind, by the server's number for it.
    Other(i64),
}

impl ConnectionKind {
    pub(super) fn of(number: i64) -> Self {
        match number {
            0 => Self::Client,
            1 => Self::Router,
            2 => Self::Gateway,
            3 => Self::System,
            4 => Self::Leaf,
            5 => Self::JetStream,
            6 => Self::Account,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for TraceEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = match self {
            Self::Ingress { connection, subject, error, .. } => {
                write!(f, "`{subject}` from a {connection:?}")?;
                error
            }
            Self::SubjectMapping { to } => return write!(f, "mapped to `{to}`"),
            Self::StreamExport { account, to } => {
                return write!(f, "exported to `{to}` of account {account}");
            }
            Self::ServiceImport { account, from, to } => {
                return write!(f, "imported from `{from}` to `{to}` of account {account}");
            }
            Self::JetStream { stream, no_interest, error, .. } => {
                write!(f, "to stream `{stream}`")?;
                if *no_interest {
                    f.write_str(", which has no interest in it")?;
                }
                error
            }
            Self::Egress { connection, subscription, queue_group, name, error, .. } => {
                write!(f, "to a {connection:?}")?;
                if let Some(name) = name.as_deref().filter(|name| !name.is_empty()) {
                    write!(f, " {name}")?;
                }
                if let Some(filter) = subscription {
                    write!(f, " that listens to `{filter}`")?;
                }
                if let Some(group) = queue_group {
                    write!(f, " in the queue group `{group}`")?;
                }
                error
            }
            Self::Other { kind, event } => return write!(f, "{kind}: {event}"),
        };
        match error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}
