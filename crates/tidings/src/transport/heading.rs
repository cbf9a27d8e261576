//! The headers of a message that arrived.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use crate::header::{self, Headers};
use crate::transport::nats::NatsHeaders;

/// Headers as they came. Most are never looked at, and so they are only read when somebody does.
#[derive(Clone)]
pub(crate) enum Heading {
    /// As the client of a server has them, and ours once they were read.
    Theirs(NatsHeaders, OnceLock<Box<Headers>>),
    Ours(Headers),
    /// Of a message that was put back, as a redrive has signed: what they say of that is believed.
    Warranted(Box<Headers>),
}

impl Heading {
    pub(super) fn nats(theirs: Option<NatsHeaders>) -> Self {
        theirs.map_or_else(Self::default, |theirs| Self::Theirs(theirs, OnceLock::new()))
    }

    /// The first value of this name, without reading the others.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        match self {
            Self::Theirs(theirs, _) => theirs.get(name),
            Self::Ours(ours) if ours.is_empty() => None,
            Self::Ours(ours) => ours.get(name),
            Self::Warranted(ours) => ours.get(name),
        }
    }

    /// Returns `true` if there is a header that only a redrive writes; with a signature it is
    /// believed.
    #[inline]
    pub(crate) fn claims(&self) -> bool {
        match self {
            Self::Theirs(theirs, _) => theirs.has(header::is_of_redrive),
            Self::Ours(ours) => ours.iter().any(|(name, _)| header::is_of_redrive(name)),
            Self::Warranted(_) => false,
        }
    }

    /// The headers, if what they say of a redrive is believed.
    fn warranted(&self) -> Option<&Headers> {
        match self {
            Self::Warranted(headers) => Some(headers),
            Self::Theirs(..) | Self::Ours(_) => None,
        }
    }

    /// The message's id: the one it had before it was put back, if it was.
    pub(crate) fn message_id(&self) -> Option<&str> {
        self.warranted().and_then(Headers::original_id).or_else(|| self.own_id())
    }

    /// The stream, the sequence and the time in nanoseconds of a message before it was put back.
    pub(crate) fn origin(&self) -> Option<(&str, u64, u128)> {
        self.warranted()?.origin()
    }

    /// How often a message was put back after it had been put aside.
    pub(crate) fn redriven(&self) -> u64 {
        self.warranted().map_or(0, Headers::redriven)
    }

    /// Returns `true` if a message was put back for another consumer than this one only.
    pub(crate) fn is_for_another(&self, stream: &str, consumer: &str) -> bool {
        let only = self.warranted().and_then(|headers| headers.get(header::ONLY));
        only.is_some_and(|only| header::is_for_another(only, stream, consumer))
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
            Self::Warranted(ours) => ours,
        }
    }
}

impl fmt::Debug for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
