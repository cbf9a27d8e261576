//! A look at the bucket from time to time, whether all is as it was told.

use std::pin::Pin;

use super::super::store::Store;
use crate::subject::Subject;
use crate::transport::{Fault, Ordered, Sent, StoredMessage, StreamBounds};

/// A look that is on its way.
pub(super) type Looking = Pin<Box<dyn Future<Output = Look> + Send>>;

/// Result of a look at the bucket.
pub(super) enum Look {
    Sent(Sent),
    Bounds(Option<StreamBounds>),
    /// The server can't be asked now.
    Unknown,
}

/// Looks how much of what the bucket had is sent.
pub(super) fn sent(ordered: &Ordered) -> Looking {
    let sent = ordered.sent();
    Box::pin(async move { sent.await.map_or(Look::Unknown, Look::Sent) })
}

/// Looks at what the bucket has.
pub(super) fn bounds(store: &Store) -> Looking {
    let store = store.clone();
    Box::pin(async move {
        let bounds = store.link.transport.stream_bounds(store.stream()).await;
        bounds.map_or(Look::Unknown, Look::Bounds)
    })
}

/// A look for the message that breaks the connection.
pub(super) type Searching =
    Pin<Box<dyn Future<Output = Result<Option<StoredMessage>, Fault>> + Send>>;

/// Looks for the first message behind a sequence that no client can read.
pub(super) fn search(store: &Store, filter: &Subject, behind: u64) -> Searching {
    let (store, filter) = (store.clone(), filter.clone());
    Box::pin(
        async move { store.link.transport.first_unreadable(store.stream(), &filter, behind).await },
    )
}
