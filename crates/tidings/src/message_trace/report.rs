//! Report of a message's way: what each server that it came to has done with it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

use crate::header;
use crate::timestamp;

/// Way of a message: each server that it came to, the first one first.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct MessageTraceReport {
    /// Servers, in the order of the message's way.
    pub servers: Vec<ServerTrace>,
}

/// Part of a message's way that one server tells.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServerTrace {
    /// The server.
    pub server: TraceServer,
    /// Place in the way, such as `1.2`: the second server that the first one sent it to; `None` for the server that it was
    /// published to.
    pub hop: Option<String>,
    /// Number of servers that it was sent on to.
    pub hops: u64,
    /// Size of headers and payload in bytes.
    pub size: u64,
    /// Events of the message there, in their order.
    pub events: Vec<TraceEvent>,
}

/// Identity of a server that tells of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct TraceServer {
    /// Its name.
    pub name: String,
    /// Its id, another one after each start.
    pub id: String,
    /// Its cluster.
    pub cluster: Option<String>,
    /// Its version.
    #[serde(rename = "ver")]
    pub version: String,
}

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
        /// Connection on which it came.
        connection: ConnectionKind,
        /// Name of that connection.
        name: Option<String>,
        /// Account.
        account: String,
        /// Subject.
        subject: String,
        /// Why it went no further; `None` where it did.
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
    /// A stream takes it, or does not.
    JetStream {
        /// The stream.
        stream: String,
        /// Subject under which it is stored, after the stream's own transform.
        subject: Option<String>,
        /// `true` if the stream keeps by interest, and there is none.
        no_interest: bool,
        /// Why the stream refuses it; `None` where it takes it.
        error: Option<String>,
    },
    /// The message leaves the server: to a subscription, or to another server.
    Egress {
        /// Connection on which it leaves.
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
        /// Why it does not leave; `None` where it does.
        error: Option<String>,
    },
    /// An event that this version does not know, as the server has told it.
    Other {
        /// Its kind, as the server calls it.
        kind: String,
        /// All that is told of it.
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
    /// Another one, by the server's number for it.
    Other(i64),
}

impl MessageTraceReport {
    /// All events, in the order of the message's way.
    pub fn events(&self) -> impl Iterator<Item = &TraceEvent> {
        self.servers.iter().flat_map(|server| &server.events)
    }

    /// Streams that take the message, or would.
    pub fn streams(&self) -> impl Iterator<Item = &str> {
        self.events().filter_map(|event| match &event.kind {
            TraceEventKind::JetStream { stream, no_interest: false, error: None, .. } => {
                Some(stream.as_str())
            }
            _ => None,
        })
    }

    /// Filters of the subscriptions of clients that the message reaches, or would.
    pub fn subscriptions(&self) -> impl Iterator<Item = &str> {
        self.events().filter_map(|event| match &event.kind {
            TraceEventKind::Egress {
                connection: ConnectionKind::Client,
                subscription: Some(filter),
                error: None,
                ..
            } => Some(filter.as_str()),
            _ => None,
        })
    }

    /// Errors that keep the message from somebody.
    pub fn errors(&self) -> impl Iterator<Item = &str> {
        self.events().filter_map(|event| match &event.kind {
            TraceEventKind::Ingress { error, .. }
            | TraceEventKind::JetStream { error, .. }
            | TraceEventKind::Egress { error, .. } => error.as_deref(),
            _ => None,
        })
    }

    /// Returns `true` if every server that it was sent to has told of it.
    pub fn is_complete(&self) -> bool {
        let sent =
            self.servers.iter().fold(1, |sent: u64, server| sent.saturating_add(server.hops));
        self.servers.iter().any(|server| server.hop.is_none()) && self.servers.len() as u64 >= sent
    }

    pub(super) fn sort(&mut self) {
        let place = |server: &ServerTrace| -> Vec<u64> {
            let hop = server.hop.as_deref().unwrap_or_default();
            hop.split('.').filter_map(|part| part.parse().ok()).collect()
        };
        self.servers.sort_by_cached_key(place);
    }
}

/// A server's words, as they come.
#[derive(Deserialize)]
struct Told {
    server: TraceServer,
    #[serde(default)]
    request: Request,
    #[serde(default)]
    hops: u64,
    #[serde(default)]
    events: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    header: BTreeMap<String, Vec<String>>,
    msgsize: u64,
}

/// The fields that events have, each of which some do not have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    r#type: String,
    ts: String,
    kind: i64,
    name: Option<String>,
    acc: String,
    subj: String,
    error: Option<String>,
    from: String,
    to: String,
    stream: String,
    subject: Option<String>,
    nointerest: bool,
    hop: Option<String>,
    sub: Option<String>,
    queue: Option<String>,
}

impl ServerTrace {
    /// Reads a server's words; `None` if they are no server's.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let Told { server, request, hops, events } = serde_json::from_slice(text).ok()?;
        let is_hop = |name: &String| name.eq_ignore_ascii_case(header::TRACE_HOP);
        let hop = request.header.into_iter().find(|(name, _)| is_hop(name));
        Some(Self {
            server,
            hop: hop.and_then(|(_, values)| values.into_iter().next()),
            hops,
            size: request.msgsize,
            events: events.into_iter().map(event).collect(),
        })
    }
}

fn event(told: Value) -> TraceEvent {
    let fields = Fields::deserialize(&told).unwrap_or_else(|_| Fields {
        r#type: told.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
        ts: told.get("ts").and_then(Value::as_str).unwrap_or_default().to_owned(),
        // Known or not, this is none that can be read.
        kind: i64::MIN,
        ..Fields::default()
    });
    let at = timestamp::read(&fields.ts);
    let Fields { r#type, kind, name, acc, subj, error, from, to, stream, .. } = fields;
    let Fields { subject, nointerest, hop, sub, queue, .. } = fields;
    let connection = ConnectionKind::of(kind);
    let kind = match r#type.as_str() {
        _ if kind == i64::MIN => TraceEventKind::Other { kind: r#type, event: told },
        "in" => TraceEventKind::Ingress { connection, name, account: acc, subject: subj, error },
        "sm" => TraceEventKind::SubjectMapping { to },
        "se" => TraceEventKind::StreamExport { account: acc, to },
        "si" => TraceEventKind::ServiceImport { account: acc, from, to },
        "js" => TraceEventKind::JetStream { stream, subject, no_interest: nointerest, error },
        "eg" => TraceEventKind::Egress {
            connection,
            name,
            hop,
            account: Some(acc).filter(|account| !account.is_empty()),
            subscription: sub,
            queue_group: queue,
            error,
        },
        _ => TraceEventKind::Other { kind: r#type, event: told },
    };
    TraceEvent { at, kind }
}

impl ConnectionKind {
    fn of(number: i64) -> Self {
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

/// Writes one line for each server, and one for each event below it.
impl fmt::Display for MessageTraceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, server) in self.servers.iter().enumerate() {
            let end = if place == 0 { "" } else { "\n" };
            write!(f, "{end}{}", server.server.name)?;
            for event in &server.events {
                write!(f, "\n  {}", event.kind)?;
            }
        }
        Ok(())
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
