//! Deliveries that nobody has settled yet.

use tokio::time::Instant;

/// A message that was delivered and not settled.
#[derive(Debug)]
pub(super) struct Pending {
    /// The number of its first delivery.
    pub(super) delivery: u64,
    pub(super) attempts: u64,
    /// Instant at which it is due again; `None` while it waits to be delivered again, or for ever.
    pub(super) deadline: Option<Instant>,
}
