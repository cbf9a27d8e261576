//! A bucket or an object store that a service says that it needs.

use tidings_contract::Descriptor;

use crate::object_store::ObjectStoreConfig;
use crate::stream::{StreamConfig, StreamDeclaration};

/// A bucket or an object store that a registry needs.
#[derive(Debug, Clone)]
pub(super) enum StoreSpec {
    Bucket { stream: StreamDeclaration, describe: fn() -> Descriptor },
    Objects(ObjectStoreConfig),
}

impl StoreSpec {
    pub(super) fn config(&self) -> StreamConfig {
        match self {
            Self::Bucket { stream, .. } => (stream.config)(),
            Self::Objects(config) => config.to_stream(),
        }
    }
}
