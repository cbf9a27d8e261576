//! Configuration of a bucket, and the stream that it is.

use std::collections::BTreeMap;
use std::time::Duration;

use tidings_subject::{TokenError, check_bucket_name};

use super::key::cut;
use crate::stream::{Compression, Discard, Placement, Storage, StreamConfig};

/// Prefix of the name of a bucket's stream.
const STREAM: &str = "KV_";
/// Maximum duplicate window of a bucket's stream: the one that other clients ask for.
const WINDOW: Duration = Duration::from_secs(120);

/// A bucket's configuration, as every client of NATS makes one (ADR-8). What is `None` is without
/// limit.
///
/// `#[derive(Bucket)]` writes one. A bucket whose name is known at run time is made with
/// [`to_stream`](Self::to_stream):
///
/// ```
/// use tidings::BucketConfig;
/// use tidings::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// let mut flags = BucketConfig::new("flags");
/// flags.history = 5;
/// bus.apply(bus.plan_stream(&flags.to_stream()).await?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BucketConfig {
    /// The bucket's name: A-Z, a-z, 0-9, `-` and `_`.
    pub name: String,
    /// A sentence about the bucket.
    pub description: Option<String>,
    /// Number of values that are kept of a key, 1 to 64.
    pub history: u8,
    /// Maximum age of a value.
    pub ttl: Option<Duration>,
    /// Let a value bring its own time to live, and leave a marker for so long where the last value of a
    /// key expires (server 2.11, ADR-48): without, nobody who watches is told of it.
    pub limit_markers: Option<Duration>,
    /// Maximum size of the bucket in bytes; a put that has no room is refused.
    pub max_bytes: Option<u64>,
    /// The size of the largest value it takes, headers included, in bytes.
    pub max_value_size: Option<u32>,
    /// Storage of the values.
    pub storage: Storage,
    /// Number of servers of a cluster that keep each value: 1 to 5.
    pub replicas: u8,
    /// Compression of stored values.
    pub compression: Option<Compression>,
    /// Placement in a cluster.
    pub placement: Option<Placement>,
    /// Free text by name.
    pub metadata: BTreeMap<String, String>,
}

impl BucketConfig {
    /// A bucket of this name that keeps one value of each key on disk.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            history: 1,
            ttl: None,
            limit_markers: None,
            max_bytes: None,
            max_value_size: None,
            storage: Storage::File,
            replicas: 1,
            compression: None,
            placement: None,
            metadata: BTreeMap::new(),
        }
    }

    /// The stream that the bucket is, unchecked; [`try_to_stream`](Self::try_to_stream) says what can't hold.
    pub fn to_stream(&self) -> StreamConfig {
        let mut stream = StreamConfig::new(stream_of(&self.name), [subjects_of(&self.name)]);
        stream.description.clone_from(&self.description);
        stream.max_messages_per_subject = Some(self.history.into());
        stream.max_age = self.ttl;
        stream.duplicate_window = Some(self.ttl.map_or(WINDOW, |ttl| ttl.min(WINDOW)));
        stream.allow_message_ttl = self.limit_markers.is_some();
        stream.subject_delete_marker_ttl = self.limit_markers;
        stream.max_bytes = self.max_bytes;
        stream.max_message_size = self.max_value_size;
        stream.storage = self.storage;
        stream.replicas = self.replicas;
        stream.compression = self.compression;
        stream.placement.clone_from(&self.placement);
        stream.metadata.clone_from(&self.metadata);
        stream.discard = Discard::New;
        stream.allow_rollup = true;
        stream.allow_direct = true;
        stream.deny_delete = true;
        stream
    }
}

/// A bucket can't be as its configuration says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BucketConfigError {
    /// The name can't be one.
    #[error("{name:?} can't name a bucket: it {problem}")]
    Name {
        /// The name, cut after 64 characters.
        name: String,
        /// The problem.
        problem: TokenError,
    },
    /// A bucket keeps 1 to 64 values of a key (ADR-8).
    #[error(
        "bucket `{bucket}` can't keep {history} values of a key: give 1 to 64 as its `history`"
    )]
    History {
        /// The bucket.
        bucket: String,
        /// The number that was asked for.
        history: u8,
    },
    /// A bucket is kept on 1 to 5 servers.
    #[error("bucket `{bucket}` can't be kept on {replicas} servers: give 1 to 5 `replicas`")]
    Replicas {
        /// The bucket.
        bucket: String,
        /// The number that was asked for.
        replicas: u8,
    },
    /// A marker is kept for whole seconds, one at least.
    #[error(
        "bucket `{bucket}` can't keep markers for {markers:?}: give whole seconds, one at least, as its `limit_markers`"
    )]
    Markers {
        /// The bucket.
        bucket: String,
        /// The time that was asked for.
        markers: Duration,
    },
}

impl BucketConfig {
    /// The stream that the bucket is, if it can be one: what a derive says when it is compiled, for a
    /// configuration that is made at run time.
    ///
    /// # Errors
    /// [`BucketConfigError`], of the first field that can't hold.
    pub fn try_to_stream(&self) -> Result<StreamConfig, BucketConfigError> {
        let bucket = || self.name.clone();
        if let Err(problem) = check_bucket_name(&self.name) {
            return Err(BucketConfigError::Name { name: cut(&self.name), problem });
        }
        if !(1..=64).contains(&self.history) {
            return Err(BucketConfigError::History { bucket: bucket(), history: self.history });
        }
        if !(1..=5).contains(&self.replicas) {
            return Err(BucketConfigError::Replicas { bucket: bucket(), replicas: self.replicas });
        }
        match self.limit_markers {
            Some(markers) if markers.as_secs() < 1 || markers.subsec_nanos() != 0 => {
                Err(BucketConfigError::Markers { bucket: bucket(), markers })
            }
            _ => Ok(self.to_stream()),
        }
    }
}

/// The name of a bucket's stream.
pub(crate) fn stream_of(bucket: &str) -> String {
    format!("{STREAM}{bucket}")
}

/// Prefix of the subjects of a bucket's keys.
pub(crate) fn prefix_of(bucket: &str) -> String {
    format!("$KV.{bucket}.")
}

fn subjects_of(bucket: &str) -> String {
    format!("{}>", prefix_of(bucket))
}
