//! The two connections of a bus.

/// Role of one of a bus's two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Publishes, asks and reads consumers.
    Main,
    /// Has the core subscriptions.
    Listening,
}
