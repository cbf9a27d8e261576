//! Payloads that are too large for a message.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Object store of a message's payload, where that is too large for a message: the message then is empty, and its
/// headers refer to the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LargePayload {
    /// Maximum size of a payload that stands in its message, in bytes; `None` is what the server takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<u64>,
    /// The name of the object store.
    pub store: String,
}

impl LargePayload {
    /// Name of the store to which goes what no message holds.
    pub fn new(store: impl Into<String>) -> Self {
        Self { over: None, store: store.into() }
    }

    /// Sets the size over which a payload goes to the store, in bytes.
    #[must_use]
    pub fn over(mut self, bytes: u64) -> Self {
        self.over = Some(bytes);
        self
    }

    /// The size over which a payload goes to the store, in words.
    #[cfg(feature = "compat")]
    pub(crate) fn limit(&self) -> String {
        self.over.map_or_else(|| "what the server takes".to_owned(), |over| format!("{over} bytes"))
    }
}

/// `over 262144 bytes in SCANS-large`
impl fmt::Display for LargePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.over {
            Some(over) => write!(f, "over {over} bytes in {}", self.store),
            None => write!(f, "over what the server takes in {}", self.store),
        }
    }
}
