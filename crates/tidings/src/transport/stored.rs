//! A message as a stream keeps it, read without a consumer.

use std::time::SystemTime;

use bytes::Bytes;

use crate::header::{self, Headers};
use crate::subject::Subject;

/// Selection of one of a stream's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which<'a> {
    /// The one with this sequence.
    At(u64),
    /// The first one stored at this time or later whose subject the filter matches.
    Since { time: SystemTime, filter: &'a str },
    /// The first one from this sequence on whose subject the filter matches.
    Next { from: u64, filter: &'a str },
    /// The last one whose subject the filter matches.
    Last { filter: &'a str },
}

/// A message as a stream keeps it.
#[derive(Debug, Clone)]
pub(crate) struct StoredMessage {
    pub(crate) subject: Subject,
    pub(crate) sequence: u64,
    pub(crate) stored_at: SystemTime,
    pub(crate) headers: StoredHeaders,
    pub(crate) payload: Bytes,
}

impl StoredMessage {
    /// Returns `true` if a server wrote it in place of the last message of its subject: it is no
    /// event.
    pub(crate) fn is_marker(&self) -> bool {
        let StoredHeaders::Read(headers) = &self.headers else { return false };
        self.payload.is_empty() && headers.get(header::MARKER_REASON).is_some()
    }

    /// Returns `true` if it waits until it is due: it is no event.
    pub(crate) fn waits(&self) -> bool {
        let StoredHeaders::Read(headers) = &self.headers else { return false };
        headers.get(header::SCHEDULE).is_some()
    }

    /// Returns `true` if a client can read it, as far as this shows it. Clients take any white
    /// space of Unicode for the end of a subject; a server only what ASCII has.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(self.headers, StoredHeaders::Read(_)) && is_splittable(self.subject.as_str())
    }
}

/// Returns `true` if a client can tell a subject from what follows it.
pub(crate) fn is_splittable(subject: &str) -> bool {
    !subject.contains(char::is_whitespace)
}

/// A stored message's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoredHeaders {
    Read(Headers),
    /// The whole block, which is not one that a client can read.
    Unreadable(Bytes),
}

impl StoredHeaders {
    /// Reads a header block; an empty one holds no headers.
    pub(crate) fn read(block: Vec<u8>) -> Self {
        if block.is_empty() {
            return Self::Read(Headers::new());
        }
        match Headers::from_wire(&block) {
            Some(headers) => Self::Read(headers),
            None => Self::Unreadable(block.into()),
        }
    }
}
