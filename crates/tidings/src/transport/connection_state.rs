//! State of a bus's connections, as it is now.

use std::time::{Duration, SystemTime};

use crate::transport::Outage;

/// State of a bus's connections; made by `Bus::state`, which asks nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionState {
    /// Status of the connection that publishes, asks and reads streams.
    pub status: ConnectionStatus,
    /// Status of the connection of the core subscriptions; `None` while there is none, and in memory.
    pub listening: Option<ConnectionStatus>,
    /// The server that it is connected to, or was last; `None` in memory.
    pub server: Option<ServerInfo>,
    /// Duration of the last round trip to the server that was waited for here, such as that of
    /// `Bus::flush`; `None` before the first.
    pub round_trip: Option<Duration>,
    /// `true` if the server has said that it is about to stop (lame duck mode).
    pub lame_duck: bool,
}

/// Status of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionStatus {
    /// Connected to a server.
    Connected,
    /// No connection has been made yet; it is tried until there is one: the state of a bus that was made by
    /// `BusBuilder::connect_lazily`.
    Connecting {
        /// Time since which it is tried.
        since: SystemTime,
        /// Reason why there is none.
        cause: Outage,
    },
    /// The connection is lost; it is tried again.
    Reconnecting {
        /// Time since which there is none.
        since: SystemTime,
        /// Reason why there is none.
        cause: Outage,
    },
    /// The connection is closed, and there will never be one again.
    Closed,
}

/// Identity of a nats-server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// Name of the server.
    pub name: String,
    /// Id of the server, another one after each start.
    pub id: String,
    /// Version of the server.
    pub version: String,
    /// The name of its cluster.
    pub cluster: Option<String>,
    /// The address that was connected to, without credentials.
    pub address: Option<String>,
}

impl ServerInfo {
    pub(crate) fn new(
        [name, id, version]: [String; 3],
        cluster: Option<String>,
        address: Option<String>,
    ) -> Self {
        Self { name, id, version, cluster, address }
    }
}
