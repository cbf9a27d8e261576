//! Error of a name.

use tidings_subject::TokenError;

use crate::bucket::KeyError;

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
    pub(crate) fn of(error: KeyError, store: &str) -> Self {
        match error {
            KeyError::Bucket { name, problem } => Self::Store { name, problem },
            _ => Self::Empty { store: store.to_owned() },
        }
    }
}
