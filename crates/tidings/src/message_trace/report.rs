//! Report of a message's way: what each server that it came to has done with it.

mod event;
mod read;

use std::fmt;

use serde::Deserialize;

pub use event::{ConnectionKind, TraceEvent, TraceEventKind};

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
    /// The server's name.
    pub name: String,
    /// The server's id, another one after each start.
    pub id: String,
    /// The server's cluster.
    pub cluster: Option<String>,
    /// The server's version.
    #[serde(rename = "ver")]
    pub version: String,
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
