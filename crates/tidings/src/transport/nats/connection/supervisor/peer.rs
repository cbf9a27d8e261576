//! Reconnecting beside the other connection of a bus: which of them goes first, and to which server.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Server;
use tokio::time::{Instant, timeout};

use super::{Peer, Supervisor};
use crate::lock::locked;
use crate::user_code::log;

/// Maximum time that a connection waits for another one that is to go first.
const FIRST_GOES: Duration = Duration::from_secs(2);

impl Supervisor {
    /// From now on this connection is made again behind that one.
    pub(crate) fn reconnects_after(&self, listening: &Arc<Self>) {
        if let Peer::Listening(cell) = &self.peer {
            // There is one for each bus.
            let _ = cell.set(Arc::clone(listening));
        }
    }

    /// Waits until the connection that listens was tried once more, where that is lost, too.
    pub(super) async fn wait_for_peer(&self) {
        let Peer::Listening(listening) = &self.peer else { return };
        let Some(listening) = listening.get().filter(|other| other.outage().is_some()) else {
            return;
        };
        let mut tried = listening.tried.subscribe();
        tried.mark_unchanged();
        listening.retry_now.notify_one();
        let _ = timeout(FIRST_GOES, tried.changed()).await;
    }

    /// The server of the bus's other connection, while there is that. Each second attempt goes
    /// elsewhere, if this one can't be had there.
    pub(super) fn peer_server<'a>(
        &self,
        servers: &'a [Server],
        attempt: usize,
    ) -> Option<&'a Server> {
        let other = match &self.peer {
            Peer::Listening(listening) => Arc::clone(listening.get()?),
            Peer::Main { main, .. } => main.upgrade()?,
        };
        if other.outage().is_some() || attempt.is_multiple_of(2) {
            return None;
        }
        let at = other.at().clone()?;
        servers.iter().find(|server| server.addr == at)
    }

    /// The connection is made: says of one that listens if it alone was lost, and nobody said why.
    pub(super) fn is_back(&self) {
        let Peer::Main { main, disruptions } = &self.peer else { return };
        let Some(main) = main.upgrade() else { return };
        let (held, made) = (main.outage().is_none(), main.connect_count());
        let mut disruptions = locked(disruptions);
        if let Some(said) = disruptions.back(held, made, Instant::now()) {
            let server = self.at().as_ref().map(|at| at.as_url_str().to_owned());
            log(|| said.warn(server.as_deref().unwrap_or_default()));
        }
    }
}
