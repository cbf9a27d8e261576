//! Configuration of an object store, and the stream that it is.

use std::collections::BTreeMap;
use std::time::Duration;

use tidings_subject::check_bucket_name;

use super::error::ObjectNameError;
use crate::stream::{Compression, Discard, Placement, Storage, StreamConfig};

/// Prefix of the name of a store's stream.
const STREAM: &str = "OBJ_";

/// An object store's configuration, as every client of NATS makes one (ADR-20). What is `None` is without
/// limit.
///
/// ```
/// use tidings::ObjectStoreConfig;
/// use tidings::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// let mut invoices = ObjectStoreConfig::new("invoices");
/// invoices.ttl = Some(Duration::from_secs(30 * 86_400));
/// let plan = bus.plan_stream(&invoices.to_stream()).await?; // all that differs, where there is one
/// bus.apply(plan).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ObjectStoreConfig {
    /// The store's name: A-Z, a-z, 0-9, `-` and `_`.
    pub name: String,
    /// A sentence about the store.
    pub description: Option<String>,
    /// Time after which what was stored is gone. An object's description is as old as its last
    /// chunk, or younger.
    pub ttl: Option<Duration>,
    /// Maximum size of the store in bytes; a put that has no room is refused. Where an object is replaced
    /// there must be room for both.
    pub max_bytes: Option<u64>,
    /// Storage of the objects.
    pub storage: Storage,
    /// Number of servers of a cluster that keep each object: 1 to 5.
    pub replicas: u8,
    /// Compression of stored chunks.
    pub compression: Option<Compression>,
    /// Placement in a cluster.
    pub placement: Option<Placement>,
    /// Free text by name.
    pub metadata: BTreeMap<String, String>,
}

impl ObjectStoreConfig {
    /// A store of this name that keeps objects on disk.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            ttl: None,
            max_bytes: None,
            storage: Storage::File,
            replicas: 1,
            compression: None,
            placement: None,
            metadata: BTreeMap::new(),
        }
    }

    /// The stream that the store is, if its name can be that of a store.
    ///
    /// # Errors
    /// [`ObjectNameError::Store`]
    pub fn try_to_stream(&self) -> Result<StreamConfig, ObjectNameError> {
        match check_bucket_name(&self.name) {
            Ok(()) => Ok(self.to_stream()),
            Err(problem) => {
                let name = self.name.chars().take(64).collect();
                Err(ObjectNameError::Store { name, problem })
            }
        }
    }

    /// The stream that the store is. Whether that can be is not looked at: see
    /// [`try_to_stream`](Self::try_to_stream).
    pub fn to_stream(&self) -> StreamConfig {
        let subjects = [chunks_of(&self.name, ">"), format!("{}>", prefix_of(&self.name))];
        let mut stream = StreamConfig::new(stream_of(&self.name), subjects);
        stream.description.clone_from(&self.description);
        stream.max_age = self.ttl;
        stream.max_bytes = self.max_bytes;
        stream.storage = self.storage;
        stream.replicas = self.replicas;
        stream.compression = self.compression;
        stream.placement.clone_from(&self.placement);
        stream.metadata.clone_from(&self.metadata);
        stream.discard = Discard::New;
        stream.allow_rollup = true;
        stream.allow_direct = true;
        stream
    }
}

/// The name of a store's stream.
pub(super) fn stream_of(store: &str) -> String {
    format!("{STREAM}{store}")
}

/// Prefix of the subjects of the objects' descriptions.
pub(super) fn prefix_of(store: &str) -> String {
    format!("$O.{store}.M.")
}

/// The subject of an object's chunks, or a filter of such.
pub(super) fn chunks_of(store: &str, nuid: &str) -> String {
    format!("$O.{store}.C.{nuid}")
}
