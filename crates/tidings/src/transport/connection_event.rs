//! Events of a bus's connections.

use std::fmt;

use crate::transport::{Denial, Outage};

/// Event of a bus's connections: something that became of one of them.
///
/// None of it holds a password, a token or a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionEvent {
    /// Kind of the event.
    pub kind: ConnectionEventKind,
    /// The connection that the event is about.
    pub connection: ConnectionRole,
    /// The server's address, where it is known; `None` in memory.
    pub address: Option<String>,
}

/// Role of one of a bus's two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionRole {
    /// Publishes, asks and reads consumers.
    Main,
    /// Has the core subscriptions.
    Listening,
}

/// Change of a bus's connections.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionEventKind {
    /// The connection was made for the first time, or was there when listening to events began.
    Connected,
    /// Connection lost, or away when listening to events began; it is tried again.
    Disconnected {
        /// Reason why the connection was lost.
        cause: Outage,
    },
    /// Connection made again.
    Reconnected,
    /// The server is about to stop, and lets its clients go one by one.
    LameDuck,
    /// A core subscription had no room for messages, which are lost. One event for each power of two.
    SlowConsumer {
        /// Filter of the subscription, where it is known.
        filter: Option<String>,
        /// Number of messages that it has lost so far; 0 where that is not known.
        dropped: u64,
    },
    /// The server does not allow something.
    PermissionDenied(Denial),
    /// The server says that something is wrong.
    ServerError {
        /// Words of the server.
        said: String,
    },
    /// Number of events that were not told, because nobody took them in time.
    Missed(u64),
    /// Connection that does not come back. Nothing follows.
    Closed,
}

impl ConnectionEvent {
    pub(crate) fn new(
        kind: ConnectionEventKind,
        connection: ConnectionRole,
        address: Option<String>,
    ) -> Self {
        Self { kind, connection, address }
    }
}

/// Writes the event as a line of a log.
impl fmt::Display for ConnectionEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ConnectionEventKind as Kind;
        let server = self.address.as_deref().unwrap_or("the server");
        let of = match self.connection {
            ConnectionRole::Main => "",
            ConnectionRole::Listening => " (core subscriptions)",
        };
        match &self.kind {
            Kind::Connected => write!(f, "connected to {server}{of}"),
            Kind::Disconnected { cause } => write!(f, "disconnected from {server}{of}: {cause}"),
            Kind::Reconnected => write!(f, "connected to {server} again{of}"),
            Kind::LameDuck => write!(f, "{server} is about to stop"),
            Kind::SlowConsumer { filter, dropped } => {
                let filter = filter.as_deref().unwrap_or("?");
                write!(f, "slow consumer: `{filter}` has lost {dropped} messages")
            }
            Kind::PermissionDenied(denial) => denial.fmt(f),
            Kind::ServerError { said } => write!(f, "{server} says: {said}"),
            Kind::Missed(events) => write!(f, "{events} events were not told"),
            Kind::Closed => f.write_str("closed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_of_which_connection_it_is() {
        use ConnectionEventKind::{Connected, Reconnected};

        let event = |kind, connection| {
            ConnectionEvent::new(kind, connection, Some("nats://a:4222".to_owned())).to_string()
        };
        assert_eq!(event(Connected, ConnectionRole::Main), "connected to nats://a:4222");
        let listening = "connected to nats://a:4222 again (core subscriptions)";
        assert_eq!(event(Reconnected, ConnectionRole::Listening), listening);
    }
}
