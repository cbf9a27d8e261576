//! Handles of what is stored: streams, buckets, objects and dead letters.

use super::Bus;
use crate::bucket::Bucket;
use crate::claim_check::{self, SweepLarge};
use crate::dead_letter::{self, DeadLetters};
use crate::envelope::LargeEventError;
use crate::key_value::{KeyValue, TextKeys};
use crate::message::{Decode, StreamEvent};
use crate::object_store::Objects;
use crate::schedules::Schedules;
use crate::stream::EventStream;
use crate::topology::StreamHandle;
use crate::transport::RawMessage;

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
        KeyValue::declared(self.link.clone())
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

    /// Reads the payload of a large event that was taken without its type, from the object that its headers
    /// name, in whatever store that is. A message whose payload is its own stays as it is.
    ///
    /// # Errors
    /// [`LargeEventError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn open_large(&self, mut message: RawMessage) -> Result<RawMessage, LargeEventError> {
        if message.payload.is_empty() && claim_check::is_claim(&message.headers) {
            message.payload = claim_check::open(&self.link, &message.headers).await?;
        }
        Ok(message)
    }

    /// Removes the objects of large events that no stream holds any more: neither `S`, nor any stream of dead
    /// letters, nor one that is a copy of these. Await it, or first say how old such an object is at least.
    ///
    /// Run it from time to time, once for all instances of a program. It reads the headers of what the streams
    /// have stored since the oldest object that may go.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// #[derive(EventStream)]
    /// #[stream(name = "SCANS", subjects("scans.>"), max_age = "7d", large_store)]
    /// struct Scans;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// bus.provision::<Scans>().await?;
    /// let swept = bus.sweep_large::<Scans>().older_than(Duration::from_secs(6 * 3600)).await?;
    /// assert_eq!(swept.removed, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A stream without a `large_store` has nothing to sweep, and does not compile here.
    ///
    /// # Errors
    /// Awaited, [`SweepLargeError`](crate::SweepLargeError).
    pub fn sweep_large<S: EventStream>(&self) -> SweepLarge {
        const {
            assert!(
                S::LARGE_STORE.is_some(),
                "the stream has no object store: add `large_store` to its `#[stream(…)]`"
            );
        }
        let store = S::LARGE_STORE.map_or("", |store| store.name);
        SweepLarge::new(self.link.clone(), S::NAME, store)
    }

    /// Sweep of large events, as [`sweep_large`](Self::sweep_large), where the stream's type is not known: for the large events of the
    /// stream `stream`, which go through the object store `store`. Objects of other streams in that store stay.
    ///
    /// # Errors
    /// Awaited, [`SweepLargeError`](crate::SweepLargeError).
    pub fn sweep_large_of(&self, stream: &str, store: &str) -> SweepLarge {
        SweepLarge::new(self.link.clone(), stream, store)
    }

    /// The object store of this name: files and other large things, by name. What can't name a store is an
    /// error of each operation. A store is made with [`ObjectStoreConfig`](crate::ObjectStoreConfig).
    pub fn objects(&self, name: &str) -> Objects {
        Objects::new(self.link.clone(), name)
    }
}
