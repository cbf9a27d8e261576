//! Handles of what is stored: streams, buckets, objects and dead letters.

use super::Bus;
use crate::bucket::Bucket;
use crate::dead_letter::{self, DeadLetters};
use crate::key_value::{KeyValue, TextKeys};
use crate::message::{Decode, StreamEvent};
use crate::object_store::Objects;
use crate::schedules::Schedules;
use crate::stream::EventStream;
use crate::topology::StreamHandle;

impl Bus {
    /// The messages that the registry of this name could not handle, in its own dead-letter
    /// stream: `<registry>-dead-letters`.
    pub fn dead_letters(&self, registry: &str) -> DeadLetters {
        self.dead_letters_in(dead_letter::stream_of(registry))
    }

    /// The messages that were put aside in the dead-letter stream of this name.
    pub fn dead_letters_in(&self, stream: impl Into<String>) -> DeadLetters {
        DeadLetters::new(self.link.clone(), stream.into())
    }

    /// The stream `S`: what it holds, and what cleans it up.
    pub fn stream<S: EventStream>(&self) -> StreamHandle<S> {
        StreamHandle::new(self.link.clone())
    }

    /// The events of a type that wait for their time: listed, moved and cancelled.
    pub fn schedules<E: StreamEvent + Decode>(&self) -> Schedules<E> {
        Schedules::new(self.link.clone())
    }

    /// The bucket of values of type `V`, which declares it. [`provision`](Self::provision) creates it where
    /// it is missing: a bucket is a stream.
    pub fn key_value<V: Bucket>(&self) -> KeyValue<V> {
        KeyValue::new(self.link.clone(), V::BUCKET)
    }

    /// The bucket of this name, with values of type `V` and keys that are text. What can't name a bucket is
    /// an error of each operation.
    ///
    /// ```
    /// use tidings::BucketConfig;
    /// use tidings::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// bus.apply(bus.plan_stream(&BucketConfig::new("limits").to_stream()).await?).await?;
    /// let limits = bus.bucket::<u32>("limits");
    /// limits.put("api.requests", &100).await?;
    /// assert_eq!(limits.get("api.requests").await?, Some(100));
    /// # Ok(())
    /// # }
    /// ```
    pub fn bucket<V>(&self, name: &str) -> KeyValue<V, TextKeys> {
        KeyValue::new(self.link.clone(), name)
    }

    /// The object store of this name: files and other large things, by name. What can't name a store is an
    /// error of each operation. A store is made with [`ObjectStoreConfig`](crate::ObjectStoreConfig).
    pub fn objects(&self, name: &str) -> Objects {
        Objects::new(self.link.clone(), name)
    }
}
