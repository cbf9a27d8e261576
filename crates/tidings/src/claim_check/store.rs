//! The object store of a stream's large events, as the stream that it is.

use crate::object_store::ObjectStoreConfig;
use crate::stream::{LargeStore, StreamConfig};

/// Name of the metadata of a store that says whose events it is for.
const STREAM: &str = "tidings-large-events-of";

/// The configuration of a store for what is large of this stream: where the stream is, and on as many
/// servers.
pub(crate) fn store_config(store: &LargeStore, stream: &StreamConfig) -> StreamConfig {
    let mut config = ObjectStoreConfig::new(store.name);
    config.description = Some(format!("Large events of {}", stream.name));
    config.ttl = store.max_age;
    config.storage = stream.storage;
    config.replicas = stream.replicas;
    config.placement.clone_from(&stream.placement);
    config.metadata.insert(STREAM.to_owned(), stream.name.clone());
    config.to_stream()
}
