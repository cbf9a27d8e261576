//! Error of reading what an object holds.

use std::io;

use super::get::ObjectGetError;

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
        /// Number of bytes that were read.
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
        /// The digest that was stored with the object.
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
