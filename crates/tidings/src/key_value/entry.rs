//! State of a key in a bucket: a value, or a removal.

use std::time::SystemTime;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::keys::{Keys, Owned};
use super::store::Store;
use crate::bucket::{BucketKey, KeyError};
use crate::header::{self, Headers};
use crate::payload;
use crate::transport::{StoredHeaders, StoredMessage};

/// A value of a bucket, with its key, its revision and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<V, K = String> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// Revision of the value, by which a change can name it. Revisions of a bucket only grow.
    pub revision: u64,
    /// Time at which the value was stored, by the server's clock.
    pub stored_at: SystemTime,
}

/// The removal of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removal<K = String> {
    /// The key.
    pub key: K,
    /// Revision of the removal.
    pub revision: u64,
    /// Time at which it was stored, by the server's clock.
    pub stored_at: SystemTime,
    /// Cause of the removal.
    pub reason: RemovalReason,
}

/// Cause of the removal of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemovalReason {
    /// Somebody deleted the value.
    Deleted,
    /// Somebody purged the key, with its history.
    Purged,
    /// The value's time was over: a server of 2.11 or newer says so where the bucket has `limit_markers`.
    Expired,
}

/// Change of a key: a value, or its removal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change<V, K = String> {
    /// The key has this value.
    Put(Entry<V, K>),
    /// The key was removed.
    Removed(Removal<K>),
}

impl<V, K> Change<V, K> {
    /// The key.
    pub fn key(&self) -> &K {
        match self {
            Self::Put(entry) => &entry.key,
            Self::Removed(removal) => &removal.key,
        }
    }

    /// The revision.
    pub fn revision(&self) -> u64 {
        match self {
            Self::Put(entry) => entry.revision,
            Self::Removed(removal) => removal.revision,
        }
    }

    /// The entry, unless the key was removed.
    pub fn into_entry(self) -> Option<Entry<V, K>> {
        match self {
            Self::Put(entry) => Some(entry),
            Self::Removed(_) => None,
        }
    }
}

/// A stored value is not what the bucket's type says. The bytes are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The value is no JSON of the type.
    #[error(
        "the value of `{key}` in bucket `{bucket}` (revision {revision}) can't be read: {source}"
    )]
    Value {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Revision of the value.
        revision: u64,
        /// The stored data, as it is.
        payload: Bytes,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// The key is not one that the type declares.
    #[error("bucket `{bucket}` holds a key of somebody else (revision {revision}): {source}")]
    Key {
        /// The bucket.
        bucket: String,
        /// Revision of the value.
        revision: u64,
        /// The stored data, as it is.
        payload: Bytes,
        /// The key, and the template that it does not have.
        source: Box<KeyError>,
    },
    /// The headers are such as no client can read, which breaks its connection. Put or delete the key to
    /// replace it.
    #[error(
        "`{key}` in bucket `{bucket}` (revision {revision}) has headers that no client can read; put or delete it"
    )]
    Unreadable {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Revision of the value.
        revision: u64,
        /// The stored data, as it is.
        payload: Bytes,
    },
}

impl EntryError {
    /// The bytes that are stored.
    pub fn payload(&self) -> &Bytes {
        match self {
            Self::Value { payload, .. }
            | Self::Key { payload, .. }
            | Self::Unreadable { payload, .. } => payload,
        }
    }

    /// Revision of what is stored.
    pub fn revision(&self) -> u64 {
        match self {
            Self::Value { revision, .. }
            | Self::Key { revision, .. }
            | Self::Unreadable { revision, .. } => *revision,
        }
    }
}

/// Reason why there is no value where these headers stand; `None` if there is one.
pub(super) fn removal_of(headers: &Headers) -> Option<RemovalReason> {
    if headers.is_empty() {
        return None;
    }
    match headers.get(header::KV_OPERATION) {
        Some("DEL") => return Some(RemovalReason::Deleted),
        Some("PURGE") => return Some(RemovalReason::Purged),
        _ => {}
    }
    match headers.get(header::MARKER_REASON).filter(|reason| !reason.is_empty())? {
        "Remove" => Some(RemovalReason::Deleted),
        "Purge" => Some(RemovalReason::Purged),
        _ => Some(RemovalReason::Expired),
    }
}

/// Returns `true` if it says that its key was removed.
pub(super) fn is_removed(message: &StoredMessage) -> bool {
    matches!(&message.headers, StoredHeaders::Read(headers) if removal_of(headers).is_some())
}

/// Reads a stored message.
pub(super) fn read<V: DeserializeOwned, K: Keys<V>>(
    store: &Store,
    message: StoredMessage,
) -> Result<Change<V, Owned<V, K>>, EntryError> {
    let StoredMessage { subject, sequence: revision, stored_at, headers, payload } = message;
    let (bucket, key) = (|| store.bucket().to_owned(), store.key_of(&subject));
    let headers = match headers {
        StoredHeaders::Read(headers) => headers,
        StoredHeaders::Unreadable(_) => {
            let key = key.to_owned();
            return Err(EntryError::Unreadable { bucket: bucket(), key, revision, payload });
        }
    };
    let typed = match <K::Key as BucketKey>::parse(key) {
        Ok(typed) => typed,
        Err(source) => {
            let (bucket, source) = (bucket(), Box::new(source));
            return Err(EntryError::Key { bucket, revision, payload, source });
        }
    };
    if let Some(reason) = removal_of(&headers) {
        return Ok(Change::Removed(Removal { key: typed, revision, stored_at, reason }));
    }
    match payload::read(&payload) {
        Ok(value) => Ok(Change::Put(Entry { key: typed, value, revision, stored_at })),
        Err(source) => {
            let key = key.to_owned();
            Err(EntryError::Value { bucket: bucket(), key, revision, payload, source })
        }
    }
}
