//! Error of writing.

use std::error::Error;
use std::io;

use super::get::ObjectGetError;
use super::name::ObjectNameError;
use crate::transport::{ApiError, Denial, Fault};

/// An object could not be stored, linked, changed or deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectPutError {
    /// An object or a store can't be named so. Nothing was sent.
    #[error(transparent)]
    Name(#[from] ObjectNameError),
    /// The object of before could not be looked at. Nothing is left of the put.
    #[error(transparent)]
    Get(#[from] ObjectGetError),
    /// The reader failed. Nothing is left of the put.
    #[error("object `{name}` of store `{store}` was not stored: its reader failed: {source}")]
    Read {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// Error of the reader.
        source: io::Error,
    },
    /// The description can't be written as JSON.
    #[error("the description of object `{name}` can't be written as JSON: {source}")]
    Encode {
        /// The object.
        name: String,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// The object is missing, or was deleted.
    #[error("there is no object `{name}` in store `{store}`")]
    NotFound {
        /// The store.
        store: String,
        /// The object.
        name: String,
    },
    /// An object of the name is there already.
    #[error("object `{name}` of store `{store}` exists: delete it, or take another name")]
    Exists {
        /// The store.
        store: String,
        /// The object.
        name: String,
    },
    /// The target of a link was deleted, or is a link itself.
    #[error("a link can't refer to `{name}` of store `{store}`, which is deleted or a link itself")]
    LinkTarget {
        /// The store.
        store: String,
        /// The object.
        name: String,
    },
    /// The object's revision is another than the put is of: somebody was faster. Nothing is left of the
    /// put.
    #[error("object `{name}` of store `{store}` {}", changed(*expected))]
    Conflict {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// The revision that the put is of.
        expected: u64,
    },
    /// The description is larger than the server takes, or the server takes no chunk at all.
    #[error("object `{name}` of store `{store}` can't be sent: {description}")]
    TooLarge {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// The size and the limit, as far as they are known.
        description: String,
    },
    /// The store does not exist.
    #[error(
        "object store `{store}` does not exist; make it with `bus.apply(bus.plan_stream(&ObjectStoreConfig::new(…).to_stream()).await?)`"
    )]
    NoStore {
        /// The store.
        store: String,
    },
    /// The store is sealed: nothing in it changes any more. Nothing is left of the put.
    #[error(
        "object store `{store}` is sealed, for ever: `{name}` can't be stored, changed or deleted in it; use another store"
    )]
    Sealed {
        /// The store.
        store: String,
        /// The object.
        name: String,
    },
    /// The store holds as many bytes as it may. Nothing is left of the put, and nothing is forgotten for it.
    #[error(
        "object store `{store}` is full: `{name}` was not stored ({description}); delete objects, let them expire, or raise its `max_bytes`"
    )]
    Full {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// The server's own description.
        description: String,
    },
    /// The server refused. Nothing is left of the put.
    #[error("store `{store}` refused object `{name}`: {description} (code {code})")]
    Refused {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server does not allow the put.
    #[error(transparent)]
    Denied(Denial),
    /// The put was not confirmed in time. Where all chunks were sent, and only the description was not
    /// confirmed, the object may be stored; else it is not, and its chunks are removed once the server is
    /// there.
    #[error(
        "it is not known whether object `{name}` of store `{store}` was stored: nobody confirmed it in time"
    )]
    Unconfirmed {
        /// The store.
        store: String,
        /// The object.
        name: String,
    },
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed, or another stream confirmed what was sent.
    #[error("can't write to object store `{store}`: {source}")]
    Client {
        /// The store.
        store: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Fault of the revision that a put is of, in words.
fn changed(expected: u64) -> String {
    match expected {
        0 => "is there already, or was".to_owned(),
        expected => format!("is not at revision {expected} any more"),
    }
}

impl ObjectPutError {
    pub(crate) fn of(fault: Fault, store: &str, name: &str) -> Self {
        let (store, name) = (store.to_owned(), name.to_owned());
        match fault {
            Fault::TooLarge { size, limit } => {
                let description = format!("a message has {size} bytes, the server takes {limit}");
                Self::TooLarge { store, name, description }
            }
            Fault::Api(error) if error.is_full() => {
                Self::Full { store, name, description: error.description }
            }
            Fault::Api(error) => match error.code {
                ApiError::STREAM_NOT_FOUND => Self::NoStore { store },
                ApiError::SEALED => Self::Sealed { store, name },
                ApiError::MESSAGE_TOO_LARGE | ApiError::HEADERS_TOO_LARGE => {
                    Self::TooLarge { store, name, description: error.description }
                }
                code => Self::Refused { store, name, code, description: error.description },
            },
            Fault::NoResponders => Self::NoStore { store },
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Timeout | Fault::Away(_) => Self::Unconfirmed { store, name },
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client { store, source },
            other => Self::Client { store, source: other.into() },
        }
    }
}
