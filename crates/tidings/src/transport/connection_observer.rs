//! Observer of a bus's connections that is told at once, and counts.

use std::fmt;

use crate::transport::connection_event::ConnectionEvent;

/// Told of everything where it happens: it may not wait, and no part of it is a user's.
pub(crate) trait ConnectionObserver: fmt::Debug + Send + Sync {
    fn event(&self, event: &ConnectionEvent);

    /// A core subscription has lost a message.
    fn dropped(&self);
}
