//! A look at the bucket from time to time, whether all is as it was told.

use std::pin::Pin;

use super::super::store::Store;
use crate::transport::{Ordered, StreamBounds};

/// A look that is on its way.
pub(super) type Looking = Pin<Box<dyn Future<Output = Look> + Send>>;

/// Result of a look at the bucket.
pub(super) enum Look {
    /// Number of the bucket's messages that are still to come.
    Undelivered(u64),
    Bounds(Option<StreamBounds>),
    /// The server can't be asked now.
    Unknown,
}

/// Looks how much is still to come.
pub(super) fn undelivered(ordered: &Ordered) -> Looking {
    let undelivered = ordered.undelivered();
    Box::pin(async move { undelivered.await.map_or(Look::Unknown, Look::Undelivered) })
}

/// Looks at what the bucket has.
pub(super) fn bounds(store: &Store) -> Looking {
    let store = store.clone();
    Box::pin(async move {
        let bounds = store.link.transport.stream_bounds(store.stream()).await;
        bounds.map_or(Look::Unknown, Look::Bounds)
    })
}
