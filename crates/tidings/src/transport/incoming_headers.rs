//! The headers of a message that arrived.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use crate::header::{self, Headers};
use crate::transport::nats::NatsHeaders;

/// Headers as they came. Most are never looked at, and so they are only read when somebody does.
#[derive(Clone)]
pub(crate) enum IncomingHeaders {
    /// Headers as the client of a server has them, and as [`Headers`] once they were read.
    Client(NatsHeaders, OnceLock<Box<Headers>>),
    Read(Headers),
    /// Headers of a message that was put back, as a redrive has signed: what they say of that is
    /// believed.
    Warranted(Box<Headers>),
}

impl IncomingHeaders {
    pub(super) fn nats(client: Option<NatsHeaders>) -> Self {
        client.map_or_else(Self::default, |client| Self::Client(client, OnceLock::new()))
    }

    /// The first value of this name, without reading the others.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        match self {
            Self::Client(client, _) => client.get(name),
            Self::Read(read) if read.is_empty() => None,
            Self::Read(read) => read.get(name),
            Self::Warranted(read) => read.get(name),
        }
    }

    /// Returns `true` if the message came without any, as most events that no stream keeps do.
    #[cfg(feature = "opentelemetry")]
    #[inline]
    pub(crate) fn are_none(&self) -> bool {
        matches!(self, Self::Read(read) if read.is_empty())
    }

    /// Returns `true` if there is a header that only a redrive writes; with a signature it is
    /// believed.
    #[inline]
    pub(crate) fn claims(&self) -> bool {
        match self {
            Self::Warranted(_) => false,
            _ => self.any(header::is_of_redrive) && !self.was_delayed(),
        }
    }

    /// Returns `true` if its id stands there because it was delayed, and nothing says that it was put back.
    fn was_delayed(&self) -> bool {
        let is_id = |name: &str| name.eq_ignore_ascii_case(header::ORIGINAL_ID);
        self.any(|name| name.eq_ignore_ascii_case(header::SCHEDULER))
            && !self.any(|name| header::is_of_redrive(name) && !is_id(name))
    }

    /// Returns `true` if there is a header that says what the message is: its name and version, or that
    /// it may be a CloudEvent.
    #[inline]
    pub(crate) fn identify(&self) -> bool {
        match self {
            Self::Read(read) if read.is_empty() => false,
            _ => self.any(header::identifies),
        }
    }

    /// Returns `true` if there is nothing but the message's id, as of most.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Self::Read(read) if read.is_empty() => true,
            _ => !self.any(|name| name != header::MESSAGE_ID),
        }
    }

    /// The headers, by themselves.
    pub(crate) fn into_headers(self) -> Headers {
        match self {
            Self::Client(client, read) => match read.into_inner() {
                Some(read) => *read,
                None => client.read(),
            },
            Self::Read(read) => read,
            Self::Warranted(read) => *read,
        }
    }

    fn any(&self, is: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Client(client, _) => client.has(is),
            Self::Read(read) => read.iter().any(|(name, _)| is(name)),
            Self::Warranted(read) => read.iter().any(|(name, _)| is(name)),
        }
    }

    /// The headers, if what they say of a redrive is believed.
    fn warranted(&self) -> Option<&Headers> {
        match self {
            Self::Warranted(headers) => Some(headers),
            Self::Client(..) | Self::Read(_) => None,
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

    /// Number of times that a message was put back after it had been put aside.
    pub(crate) fn redriven(&self) -> u64 {
        self.warranted().map_or(0, Headers::redriven)
    }

    /// Returns `true` if a message was put back for another consumer than this one only.
    pub(crate) fn is_for_another(&self, stream: &str, consumer: &str) -> bool {
        let only = self.warranted().and_then(|headers| headers.get(header::ONLY));
        only.is_some_and(|only| header::is_for_another(only, stream, consumer))
    }
}

impl Default for IncomingHeaders {
    fn default() -> Self {
        Self::Read(Headers::new())
    }
}

impl From<Headers> for IncomingHeaders {
    fn from(headers: Headers) -> Self {
        Self::Read(headers)
    }
}

impl Deref for IncomingHeaders {
    type Target = Headers;

    fn deref(&self) -> &Headers {
        match self {
            Self::Client(client, read) => read.get_or_init(|| Box::new(client.read())),
            Self::Read(read) => read,
            Self::Warranted(read) => read,
        }
    }
}

impl fmt::Debug for IncomingHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
