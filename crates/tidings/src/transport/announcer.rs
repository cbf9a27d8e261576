//! Announcements of a bus's connection events to its listeners.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::broadcast;

use crate::transport::connection_event::{ConnectionEvent, ConnectionEventKind, ConnectionRole};
use crate::transport::connection_observer::ConnectionObserver;

/// Maximum number of events that wait for one listener; the oldest are counted as missed then.
const MOST: usize = 256;

/// Tells events of a bus's connections. A cheap clone; without a listener nothing is kept.
#[derive(Debug, Clone)]
pub(crate) struct Announcer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sender: broadcast::Sender<ConnectionEvent>,
    closed: AtomicBool,
    /// Told first, and where things happen.
    observer: OnceLock<Arc<dyn ConnectionObserver>>,
}

impl Default for Announcer {
    fn default() -> Self {
        let closed = AtomicBool::new(false);
        let sender = broadcast::Sender::new(MOST);
        Self(Arc::new(Shared { sender, closed, observer: OnceLock::new() }))
    }
}

impl Announcer {
    pub(crate) fn tell(
        &self,
        kind: ConnectionEventKind,
        connection: ConnectionRole,
        address: Option<String>,
    ) {
        let event = ConnectionEvent::new(kind, connection, address);
        if let Some(observer) = self.0.observer.get() {
            observer.event(&event);
        }
        // Nobody may listen.
        let _ = self.0.sender.send(event);
    }

    /// Ends what is told, and tells that once.
    pub(crate) fn close(&self, address: Option<String>) {
        if !self.0.closed.swap(true, Ordering::Relaxed) {
            self.tell(ConnectionEventKind::Closed, ConnectionRole::Main, address);
        }
    }

    /// A core subscription has lost a message.
    pub(crate) fn dropped(&self) {
        if let Some(observer) = self.0.observer.get() {
            observer.dropped();
        }
    }

    /// Has `observer` told of everything from now on, where nobody is told yet.
    #[cfg(feature = "metrics")]
    pub(crate) fn observe(&self, observer: impl FnOnce() -> Arc<dyn ConnectionObserver>) {
        self.0.observer.get_or_init(observer);
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<ConnectionEvent> {
        self.0.sender.subscribe()
    }
}
