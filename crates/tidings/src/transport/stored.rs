//! A message as a stream keeps it, read without a consumer.

use std::time::SystemTime;

use bytes::Bytes;

use crate::header::Headers;
use crate::subject::Subject;

/// Which of a stream's messages is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which<'a> {
    /// The one with this sequence.
    At(u64),
    /// The first one from this sequence on whose subject the filter matches.
    Next { from: u64, filter: &'a str },
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
