//! Error of a sweep.

use std::error::Error;

use crate::object_store::ObjectPutError;

/// The objects of large events could not be swept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepLargeError {
    /// The store can't be looked through.
    #[error("object store `{store}` can't be swept: {source}")]
    Objects {
        /// The store.
        store: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The stream is missing, so that it can't be told which events there are. Nothing was removed.
    #[error(
        "stream `{stream}` does not exist, and so nobody knows which of its events are kept: nothing was \
         removed; delete the store if no dead letter needs it either"
    )]
    NoStream {
        /// The stream.
        stream: String,
    },
    /// A stream that may hold events or dead letters can't be read. Nothing was removed.
    #[error("stream `{stream}` can't be read, and so nothing was removed: {source}")]
    Stream {
        /// The stream; empty where they can't be listed.
        stream: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An object can't be removed; others may have been.
    #[error("object `{object}` of store `{store}` can't be removed: {source}")]
    Remove {
        /// The store.
        store: String,
        /// The object.
        object: String,
        /// The cause.
        source: Box<ObjectPutError>,
    },
}
