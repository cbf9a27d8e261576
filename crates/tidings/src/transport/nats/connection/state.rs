//! The state of a bus's connections, as whoever uses them asks for it.

use std::pin::Pin;

use tokio::runtime::Handle;

use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::connection::supervisor::Supervisor;
use crate::transport::{Announcer, ConnectionState, ConnectionStatus, Fault, Outage, ServerInfo};

impl Nats {
    /// Resolves when the connection has been lost and made again, or it is over.
    pub(crate) fn reconnected(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut connected = self.shared.main.supervisor.connected();
        connected.mark_unchanged();
        let over = self.shared.main.supervisor.over().clone();
        Box::pin(async move {
            tokio::select! {
                () = over.cancelled() => {}
                Ok(()) = connected.changed() => {}
                else => std::future::pending().await,
            }
        })
    }

    /// Resolves once there was a connection; fails where the bus ends before.
    pub(crate) async fn first_connection(&self) -> Result<(), Fault> {
        let supervisor = &self.shared.main.supervisor;
        if supervisor.outage().is_none() {
            return Ok(());
        }
        let mut connected = supervisor.connected();
        tokio::select! {
            () = supervisor.over().cancelled() => Err(self.gone()),
            // Its sender is as old as the bus.
            _ = connected.wait_for(|count| *count > 0) => Ok(()),
        }
    }

    /// State of the connections, as far as it is known here.
    pub(crate) fn state(&self) -> ConnectionState {
        let (main, listening) = (&self.shared.main, self.shared.listening.get());
        let closed = self.is_closed() || self.is_over();
        let status = |supervisor: &Supervisor| {
            if closed { ConnectionStatus::Closed } else { supervisor.status() }
        };
        let server = main.client.try_server_info().map(|server| {
            let identity = [server.server_name, server.server_id, server.version];
            ServerInfo::new(identity, server.cluster, main.supervisor.address())
        });
        ConnectionState {
            status: status(&main.supervisor),
            listening: listening.map(|connection| status(&connection.supervisor)),
            server,
            round_trip: main.supervisor.round_trip(),
            lame_duck: !closed && main.supervisor.is_lame_duck(),
        }
    }

    pub(crate) fn announcer(&self) -> &Announcer {
        self.shared.main.supervisor.announcer()
    }

    /// Returns `true` if nothing is received any more.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.main.supervisor.over().is_cancelled()
    }

    /// Reason why there is no connection; `None` while there is one.
    pub(crate) fn outage(&self) -> Option<Outage> {
        self.shared.main.supervisor.outage()
    }

    /// Fault of something that took too long, with its cause where that is known.
    pub(crate) fn too_late(&self) -> Fault {
        self.outage().map_or(Fault::Timeout, Fault::Away)
    }

    /// The client is gone: because the bus was closed, or because its runtime has ended.
    #[cold]
    pub(crate) fn gone(&self) -> Fault {
        match self.outage() {
            _ if self.is_closed() => Fault::Closed,
            Some(given_up @ Outage::GivenUp { .. }) => Fault::Away(given_up),
            _ => Fault::Away(Outage::RuntimeEnded),
        }
    }

    /// Returns `true` if this runs where the client does, and so also whatever tells that an answer
    /// is late.
    #[inline]
    pub(crate) fn is_on_own_runtime(&self) -> bool {
        // A runtime with threads of its own runs as long as it is there.
        self.shared.has_threads
            || Handle::try_current().is_ok_and(|here| here.id() == self.shared.home)
    }

    /// Fault of a core subscription that was not made in time, with its cause where that is known.
    pub(crate) fn too_late_to_listen(&self) -> Fault {
        let listening = self.shared.listening.get();
        let outage = listening.and_then(|connection| connection.supervisor.outage());
        outage.map_or_else(|| self.too_late(), Fault::Away)
    }
}
