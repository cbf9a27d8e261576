//! History of a key, as far as its bucket keeps it.

use std::future::poll_fn;

use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::KeyValue;
use super::entry::{Change, read};
use super::error::GetError;
use super::flow::{Start, Step};
use super::keys::{Keys, Owned};
use crate::bucket::BucketKey as _;
use crate::transport::Extent;

impl<V: DeserializeOwned, K: Keys<V>> KeyValue<V, K> {
    /// All that the bucket keeps of a key, oldest first, removals too; empty if there is nothing of it.
    ///
    /// # Errors
    /// [`GetError`], also where one of the values can't be read.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn history(&self, key: &K::Key) -> Result<Vec<Change<V, Owned<V, K>>>, GetError> {
        let store = &self.store;
        let listing = async {
            let mut flow = store.flow(key.to_key(), Start::History, Extent::Whole).await?;
            let mut changes = Vec::new();
            loop {
                let step = poll_fn(|cx| flow.poll_step(cx)).await;
                match step.ok_or(GetError::Closed)? {
                    Step::Message(message) => changes.push(message),
                    Step::Current => return Ok(changes),
                    Step::Resynchronised => changes.clear(),
                    Step::Gone => {
                        return Err(GetError::NoBucket { bucket: store.bucket().to_owned() });
                    }
                    Step::Failed(fault) => return Err(GetError::of(fault, store.bucket())),
                }
            }
        };
        let late = |_| GetError::Timeout { bucket: store.bucket().to_owned() };
        let found =
            timeout(store.link.timeouts.request, Box::pin(listing)).await.map_err(late)??;
        let read = |message| read::<V, K>(store, message).map_err(GetError::Entry);
        found.into_iter().map(read).collect()
    }
}
