//! Name, description and headers of an object that is to be stored.

use std::collections::BTreeMap;

use crate::header::{HeaderError, Headers};

/// An object's name, and what is said of it. A text is one with a name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectMeta {
    /// The name: any text that is not empty. Clients of NATS differ in where they look for names beyond
    /// ASCII; Tidings, Go, Rust and Python agree.
    pub name: String,
    /// A sentence about the object.
    pub description: Option<String>,
    /// Free text by name.
    pub metadata: BTreeMap<String, String>,
    /// Headers, for readers of the object.
    pub headers: Headers,
    /// Size of its chunks in bytes; by default 128 KiB, or as much as the server takes.
    pub chunk_size: Option<u32>,
}

impl ObjectMeta {
    /// An object of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            metadata: BTreeMap::new(),
            headers: Headers::new(),
            chunk_size: None,
        }
    }

    /// Adds a sentence about the object.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds a text by its name.
    #[must_use]
    pub fn with_metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Adds a header.
    ///
    /// # Errors
    /// [`HeaderError`] if it can't be one.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        self.headers.append(name, value)?;
        Ok(self)
    }

    /// Makes its chunks so large, in bytes, as far as the server takes such.
    #[must_use]
    pub fn with_chunk_size(mut self, bytes: u32) -> Self {
        self.chunk_size = Some(bytes);
        self
    }
}

impl From<&str> for ObjectMeta {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for ObjectMeta {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<&String> for ObjectMeta {
    fn from(name: &String) -> Self {
        Self::new(name)
    }
}
