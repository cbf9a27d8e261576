//! Errors of reading and writing a bucket.

use std::error::Error;
use std::time::Duration;

use super::entry::EntryError;
use crate::bucket::KeyError;
use crate::transport::{ApiError, Denial, Fault, Outage};

/// A bucket could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// A key can't be: the error names the field. Nothing was asked.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stored value is not what the bucket's type says; the error keeps the bytes.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The bucket does not exist.
    #[error(
        "bucket `{bucket}` does not exist; create it with `bus.provision::<…>()` and the type that declares it"
    )]
    NoBucket {
        /// The bucket.
        bucket: String,
    },
    /// The server refused.
    #[error("the server refused to read bucket `{bucket}`: {description} (code {code})")]
    Refused {
        /// The bucket.
        bucket: String,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server does not allow what has to be asked.
    #[error(transparent)]
    Denied(Denial),
    /// The server did not answer.
    #[error("the server did not answer about bucket `{bucket}` in time")]
    Timeout {
        /// The bucket.
        bucket: String,
    },
    /// The connection was away for as long as the server may take to answer, or is gone for good.
    #[error("the server can't be asked: {0}")]
    Disconnected(#[source] Outage),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("can't read a bucket")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl GetError {
    pub(super) fn of(fault: Fault, bucket: &str) -> Self {
        let bucket = bucket.to_owned();
        match fault {
            Fault::Api(error) if error.is_not_found() => Self::NoBucket { bucket },
            Fault::NoResponders => Self::NoBucket { bucket },
            Fault::Api(error) => {
                Self::Refused { bucket, code: error.code, description: error.description }
            }
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Timeout => Self::Timeout { bucket },
            Fault::Away(outage) => Self::Disconnected(outage),
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client(source),
            other => Self::Client(other.into()),
        }
    }
}

/// A bucket could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
    /// A key can't be: the error names the field. Nothing was sent.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The value can't be written as JSON. Nothing was sent.
    #[error("a value of bucket `{bucket}` can't be written as JSON: {source}")]
    Encode {
        /// The bucket.
        bucket: String,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// A time to live is not a whole number of seconds, or none at all (ADR-43). Nothing was sent.
    #[error("a key can't live for {ttl:?}: give whole seconds, one at least")]
    Ttl {
        /// The time that was asked for.
        ttl: Duration,
    },
    /// A value is to live for less time than the markers of its bucket, which keeps several values of a key: the
    /// server would keep it longer than was asked for (2.15). Nothing was sent.
    #[error(
        "a value of bucket `{bucket}` can't live for {ttl:?}: its `limit_markers` is {markers:?}, and the server keeps none for less where there is a `history`"
    )]
    TtlBelowMarkers {
        /// The bucket.
        bucket: String,
        /// The time that was asked for.
        ttl: Duration,
        /// The bucket's `limit_markers`.
        markers: Duration,
    },
    /// The bucket lets no value bring its own time to live.
    #[error(
        "bucket `{bucket}` lets no value bring its own time to live: declare `limit_markers` (server 2.11)"
    )]
    TtlDisabled {
        /// The bucket.
        bucket: String,
    },
    /// The value is larger than the server or the bucket takes. Nothing was stored.
    #[error(
        "the value of `{key}` is larger than bucket `{bucket}` takes: {description}; make it smaller, or raise the bucket's `max_value_size` or the server's `max_payload`"
    )]
    TooLarge {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The size and the limit, as far as they are known.
        description: String,
    },
    /// The bucket holds as many bytes as it may. Nothing was stored, and nothing is forgotten for it.
    #[error(
        "bucket `{bucket}` is full: `{key}` was not stored ({description}); remove keys, let values expire, or raise its `max_bytes`"
    )]
    Full {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The server's own description.
        description: String,
    },
    /// The key that is to be created has a value. Nothing was stored.
    #[error("`{key}` in bucket `{bucket}` exists (revision {revision})")]
    Exists {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Revision of the value that is there.
        revision: u64,
    },
    /// The last revision of the key is another than the change is of: somebody was faster. Nothing was
    /// stored. Read the key and decide anew, as `update_with` does.
    #[error("`{key}` in bucket `{bucket}` {}: {description}", changed(*expected))]
    Conflict {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The revision that the change is of.
        expected: u64,
        /// The server's own description, with the revision that is there.
        description: String,
    },
    /// The bucket does not exist. Nothing was stored.
    #[error(
        "bucket `{bucket}` does not exist; create it with `bus.provision::<…>()` and the type that declares it"
    )]
    NoBucket {
        /// The bucket.
        bucket: String,
    },
    /// The bucket did not answer: none of its servers leads it. Nothing was stored.
    #[error("bucket `{bucket}` had no leader in time: `{key}` was not stored")]
    Leaderless {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// The server refused. Nothing was stored.
    #[error("bucket `{bucket}` refused `{key}`: {description} (code {code})")]
    Refused {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server does not allow the put. Nothing was stored.
    #[error(transparent)]
    Denied(Denial),
    /// The change was sent, also more than once with the same id, and not confirmed in time: it may be
    /// stored. A put, a delete or a purge can be done again; of a create or an update, read the key first.
    #[error(
        "it is not known whether `{key}` of bucket `{bucket}` was stored: nobody confirmed it in time"
    )]
    Unconfirmed {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// The connection took no message. Nothing was sent.
    #[error("`{key}` of bucket `{bucket}` was not sent: there was no connection in time")]
    Unsent {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// The bus was closed; where it was sent before, it may be stored.
    #[error("the bus is closed")]
    Closed,
    /// The client failed, or another stream confirmed the key.
    #[error("can't write to bucket `{bucket}`: {source}")]
    Client {
        /// The bucket.
        bucket: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl PutError {
    pub(super) fn of(fault: Fault, bucket: &str, key: &str) -> Self {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        match fault {
            Fault::TooLarge { size, limit } => {
                let description = format!("it has {size} bytes, the server takes {limit}");
                Self::TooLarge { bucket, key, description }
            }
            Fault::Api(error) if error.is_full() => {
                Self::Full { bucket, key, description: error.description }
            }
            Fault::Api(error) => match error.code {
                ApiError::STREAM_NOT_FOUND => Self::NoBucket { bucket },
                ApiError::TTL_DISABLED => Self::TtlDisabled { bucket },
                ApiError::MESSAGE_TOO_LARGE | ApiError::HEADERS_TOO_LARGE => {
                    Self::TooLarge { bucket, key, description: error.description }
                }
                code => Self::Refused { bucket, key, code, description: error.description },
            },
            Fault::NoResponders => Self::NoBucket { bucket },
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Timeout | Fault::Away(_) => Self::Unconfirmed { bucket, key },
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client { bucket, source },
            other => Self::Client { bucket, source: other.into() },
        }
    }
}

/// Fault of the revision that a change is of, in words.
fn changed(expected: u64) -> String {
    match expected {
        0 => "has or had a value already".to_owned(),
        expected => format!("is not at revision {expected} any more"),
    }
}

/// A value could not be changed by what it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The value could not be read.
    #[error(transparent)]
    Get(#[from] GetError),
    /// The new value could not be stored.
    #[error(transparent)]
    Put(#[from] PutError),
    /// Somebody else was faster each time.
    #[error("`{key}` in bucket `{bucket}` was changed by somebody else {tries} times meanwhile")]
    Contended {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Number of attempts.
        tries: u32,
    },
    /// The new value has another key than the old one. Nothing was stored.
    #[error("the new value of `{key}` in bucket `{bucket}` has another key, `{found}`")]
    OtherKey {
        /// The bucket.
        bucket: String,
        /// The key that was to be changed.
        key: String,
        /// The key of the new value.
        found: String,
    },
}
