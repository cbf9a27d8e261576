//! Error of looking for an object.

use std::error::Error;

use bytes::Bytes;

use super::name::ObjectNameError;
use crate::transport::{Denial, Fault, Outage};

/// A store could not be asked for an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectGetError {
    /// An object or a store can't be named so. Nothing was asked.
    #[error(transparent)]
    Name(#[from] ObjectNameError),
    /// The description is not as clients write one; the bytes are kept.
    #[error("the description of `{name}` in store `{store}` can't be read: {source}")]
    Description {
        /// The store.
        store: String,
        /// The object, or where its description stands.
        name: String,
        /// The stored data, as it is.
        payload: Bytes,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// The digest is none of SHA-256, the only one that there is.
    #[error("object `{name}` of store `{store}` has a digest that nobody can check: `{digest}`")]
    Digest {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// The digest, as it is stored.
        digest: String,
    },
    /// The object is a link to a whole store, and so has no content.
    #[error("`{name}` of store `{store}` is a link to store `{target}`, and no object")]
    StoreLink {
        /// The store.
        store: String,
        /// The link.
        name: String,
        /// The store that the link refers to.
        target: String,
    },
    /// The object is a link, and what it refers to is a link, too, or is gone.
    #[error(
        "`{name}` of store `{store}` is a link to `{target}`, which is a link itself or is gone"
    )]
    DeadLink {
        /// The store.
        store: String,
        /// The link.
        name: String,
        /// The object that the link refers to, as `store/name`.
        target: String,
    },
    /// The store does not exist.
    #[error(
        "object store `{store}` does not exist; make it with `bus.apply(bus.plan_stream(&ObjectStoreConfig::new(…).to_stream()).await?)`"
    )]
    NoStore {
        /// The store.
        store: String,
    },
    /// The server refused.
    #[error("the server refused to read object store `{store}`: {description} (code {code})")]
    Refused {
        /// The store.
        store: String,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server does not allow what has to be asked.
    #[error(transparent)]
    Denied(Denial),
    /// The server did not answer.
    #[error("the server did not answer about object store `{store}` in time")]
    Timeout {
        /// The store.
        store: String,
    },
    /// The connection was away for as long as the server may take to answer, or is gone for good.
    #[error("the server can't be asked: {0}")]
    Disconnected(#[source] Outage),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("can't read an object store")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl ObjectGetError {
    pub(crate) fn of(fault: Fault, store: &str) -> Self {
        let store = store.to_owned();
        match fault {
            Fault::Api(error) if error.is_not_found() => Self::NoStore { store },
            Fault::NoResponders => Self::NoStore { store },
            Fault::Api(error) => {
                Self::Refused { store, code: error.code, description: error.description }
            }
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Timeout => Self::Timeout { store },
            Fault::Away(outage) => Self::Disconnected(outage),
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client(source),
            other => Self::Client(other.into()),
        }
    }
}
