//! The concrete subject of one message.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::text::Text;

/// The concrete subject a message is sent to, for example `orders.eu.created`.
///
/// A cheap clone. A subject without bound tokens is a constant and allocates nothing.
#[derive(Clone)]
pub struct Subject(pub(super) Text);

impl Subject {
    /// A subject known when compiled.
    pub const fn from_static(subject: &'static str) -> Self {
        Self(Text::Static(subject))
    }

    /// The subject's text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The text, for a transport that wants to own it.
    pub(crate) fn into_text(self) -> Text {
        self.0
    }

    /// Copies it into memory of its own: one that is kept keeps nothing else.
    #[cfg(feature = "memory")]
    pub(crate) fn detached(&self) -> Self {
        Self(self.0.detached())
    }
}

impl From<String> for Subject {
    fn from(subject: String) -> Self {
        Self(Text::from(subject))
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Subject {}

impl PartialOrd for Subject {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Subject {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl AsRef<str> for Subject {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
