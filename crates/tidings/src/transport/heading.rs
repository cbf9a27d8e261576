//! The headers of a message that arrived.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use crate::header::{self, Headers};
use crate::transport::nats;

/// Headers as they came. Most are never looked at, and so they are only read when somebody does.
#[derive(Clone)]
pub(crate) enum Heading {
    /// As the client of a server has them, and ours once they were read.
    Theirs(nats::NatsHeaders, OnceLock<Box<Headers>>),
    Ours(Headers),
}

impl Heading {
    pub(super) fn nats(theirs: Option<nats::NatsHeaders>) -> Self {
        theirs.map_or_else(Self::default, |theirs| Self::Theirs(theirs, OnceLock::new()))
    }

    /// The first value of this name, without reading the others.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        match self {
            Self::Theirs(theirs, _) => theirs.get(name),
            Self::Ours(ours) if ours.is_empty() => None,
            Self::Ours(ours) => ours.get(name),
        }
    }

    /// Whether a message was put back for another consumer than this one only.
    pub(crate) fn is_for_another(&self, stream: &str, consumer: &str) -> bool {
        self.get(header::ONLY).is_some_and(|only| header::is_for_another(only, stream, consumer))
    }
}

impl Default for Heading {
    fn default() -> Self {
        Self::Ours(Headers::new())
    }
}

impl From<Headers> for Heading {
    fn from(headers: Headers) -> Self {
        Self::Ours(headers)
    }
}

impl Deref for Heading {
    type Target = Headers;

    fn deref(&self) -> &Headers {
        match self {
            Self::Theirs(theirs, ours) => ours.get_or_init(|| Box::new(theirs.read())),
            Self::Ours(ours) => ours,
        }
    }
}

impl fmt::Debug for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
