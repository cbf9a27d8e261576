//! Announcements of a bus's connection events to its listeners.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::broadcast;

use crate::transport::connection_event::{ConnectionEvent, ConnectionEventKind, ConnectionRole};

/// Maximum number of events that wait for one listener; the oldest are counted as missed then.
const MOST: usize = 256;

/// Tells events of a bus's connections. A cheap clone; without a listener nothing is kept.
#[derive(Debug, Clone)]
pub(crate) struct Announcer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sender: broadcast::Sender<ConnectionEvent>,
    closed: AtomicBool,
}

impl Default for Announcer {
    fn default() -> Self {
        let closed = AtomicBool::new(false);
        Self(Arc::new(Shared { sender: broadcast::Sender::new(MOST), closed }))
    }
}

impl Announcer {
    pub(crate) fn tell(
        &self,
        kind: ConnectionEventKind,
        connection: ConnectionRole,
        address: Option<String>,
    ) {
        // Nobody may listen.
        let _ = self.0.sender.send(ConnectionEvent::new(kind, connection, address));
    }

    /// Nothing is told any more. That is told once.
    pub(crate) fn close(&self, address: Option<String>) {
        if !self.0.closed.swap(true, Ordering::Relaxed) {
            self.tell(ConnectionEventKind::Closed, ConnectionRole::Main, address);
        }
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<ConnectionEvent> {
        self.0.sender.subscribe()
    }
}
