//! Errors of writing and reading objects.

use std::error::Error;
use std::io;

use bytes::Bytes;
use tidings_subject::TokenError;

use crate::bucket::KeyError;
use crate::transport::{ApiError, Denial, Fault, Outage};

/// An object can't be named so, or a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectNameError {
    /// An object's name is empty.
    #[error("an object of store `{store}` has no name: give it one of one character at least")]
    Empty {
        /// The store.
        store: String,
    },
    /// An object's name is too long: a subject is made of it, as base64.
    #[error("the name of an object has {len} bytes, and may have {limit} in store `{store}`")]
    TooLong {
        /// The store.
        store: String,
        /// Length of the name in bytes.
        len: usize,
        /// Maximum length in bytes.
        limit: usize,
    },
    /// A text can't be the name of a store.
    #[error("{name:?} can't name an object store: it {problem}")]
    Store {
        /// The name, cut after 64 characters.
        name: String,
        /// The problem.
        problem: TokenError,
    },
}

impl ObjectNameError {
    /// A key that can't be is the store's name: those of objects are made here.
    pub(super) fn of(error: KeyError, store: &str) -> Self {
        match error {
            KeyError::Bucket { name, problem } => Self::Store { name, problem },
            _ => Self::Empty { store: store.to_owned() },
        }
    }
}

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
    /// There is no such object, or it was deleted.
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
    #[error("object `{name}` of store `{store}` is not at revision {expected} any more")]
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
    /// The server does not allow it.
    #[error(transparent)]
    Denied(Denial),
    /// Not confirmed in time. Where all chunks were sent, and only the description was not confirmed, the object may
    /// be stored; else it is not, and its chunks are removed once the server is there.
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

impl ObjectPutError {
    pub(super) fn of(fault: Fault, store: &str, name: &str) -> Self {
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
        /// The store that it refers to.
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
        /// The object that it refers to, as `store/name`.
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
    /// There was no connection for as long as the server may take to answer, or none comes again.
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
    pub(super) fn of(fault: Fault, store: &str) -> Self {
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

/// An object could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectReadError {
    /// The store could not be asked.
    #[error(transparent)]
    Get(#[from] ObjectGetError),
    /// Chunks are missing: it was deleted or replaced while it was read, or its upload was cut by a client
    /// that leaves such.
    #[error(
        "object `{name}` of store `{store}` has {size} bytes, and only {read} were there: it was replaced, deleted or never whole"
    )]
    Incomplete {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// Size in bytes, as described.
        size: u64,
        /// How many bytes were read.
        read: u64,
    },
    /// The bytes that were read are not those that were stored. The last of them were not handed on.
    #[error(
        "object `{name}` of store `{store}` is damaged: its digest is `{found}`, and should be `{expected}`"
    )]
    WrongDigest {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// The digest that was stored with it.
        expected: String,
        /// The digest of what was read.
        found: String,
    },
    /// More was read than was stored. The last bytes of it were not handed on.
    #[error("object `{name}` of store `{store}` is damaged: there is more of it than {size} bytes")]
    TooLong {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// Size in bytes, as described.
        size: u64,
    },
    /// The writer failed that the object was read into.
    #[error("object `{name}` of store `{store}` can't be written on: {source}")]
    Write {
        /// The store.
        store: String,
        /// The object.
        name: String,
        /// Error of the writer.
        source: io::Error,
    },
}

impl From<ObjectReadError> for io::Error {
    fn from(error: ObjectReadError) -> Self {
        match error {
            ObjectReadError::Write { source, .. } => source,
            damaged @ (ObjectReadError::WrongDigest { .. } | ObjectReadError::TooLong { .. }) => {
                Self::new(io::ErrorKind::InvalidData, damaged)
            }
            short @ ObjectReadError::Incomplete { .. } => {
                Self::new(io::ErrorKind::UnexpectedEof, short)
            }
            other @ ObjectReadError::Get(_) => Self::other(other),
        }
    }
}
