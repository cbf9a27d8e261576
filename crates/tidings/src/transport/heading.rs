//! The headers of a message that arrived.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use crate::header::{self, Headers};
use crate::transport::nats;

/// Headers as they came. Most are never looked at, and so they are only read when somebody does.
#[derive(Clone, Default)]
pub(crate) struct Heading {
    /// As the client of a server has them.
    theirs: Option<nats::NatsHeaders>,
    ours: OnceLock<Headers>,
}

impl Heading {
    pub(super) fn nats(theirs: Option<nats::NatsHeaders>) -> Self {
        Self { theirs, ours: OnceLock::new() }
    }

    /// The first value of this name, without reading the others.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        match &self.theirs {
            Some(theirs) => theirs.get(name),
            None => self.ours.get()?.get(name),
        }
    }

    /// Whether a message was put back for another consumer than this one only.
    pub(crate) fn is_for_another(&self, stream: &str, consumer: &str) -> bool {
        self.get(header::ONLY).is_some_and(|only| header::is_for_another(only, stream, consumer))
    }
}

impl From<Headers> for Heading {
    fn from(headers: Headers) -> Self {
        Self { theirs: None, ours: OnceLock::from(headers) }
    }
}

impl Deref for Heading {
    type Target = Headers;

    fn deref(&self) -> &Headers {
        self.ours
            .get_or_init(|| self.theirs.as_ref().map_or_else(Headers::new, nats::NatsHeaders::read))
    }
}

impl fmt::Debug for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
