//! Reading what a key has.

use serde::de::DeserializeOwned;

use super::entry::{Change, Entry, read};
use super::error::GetError;
use super::keys::{Keys, Owned};
use super::{KeyValue, Store};
use crate::bucket::{BucketKey, KeyError};
use crate::transport::StoredMessage;

impl Store {
    /// The last that was stored of a key, a removal too.
    pub(super) async fn last(
        &self,
        key: Result<String, KeyError>,
    ) -> Result<Option<StoredMessage>, GetError> {
        let subject = self.subject(key)?;
        let last = self.link.transport.last(self.stream(), subject.as_str()).await;
        last.map_err(|fault| GetError::of(fault, self.bucket()))
    }
}

impl<V: DeserializeOwned, K: Keys<V>> KeyValue<V, K> {
    /// The value of a key; `None` at once if it has none. Any server of the bucket's replicas answers, and
    /// one may be a moment behind.
    ///
    /// # Errors
    /// [`GetError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn get(&self, key: &K::Key) -> Result<Option<V>, GetError> {
        Ok(self.entry(key).await?.map(|entry| entry.value))
    }

    /// The value of a key with its revision and its time; `None` at once if it has none.
    ///
    /// # Errors
    /// [`GetError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn entry(&self, key: &K::Key) -> Result<Option<Entry<V, Owned<V, K>>>, GetError> {
        Ok(self.last(key).await?.and_then(Change::into_entry))
    }

    /// The last change of a key, a removal too; `None` if it never had a value, or nothing is left of it.
    ///
    /// # Errors
    /// [`GetError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn last(&self, key: &K::Key) -> Result<Option<Change<V, Owned<V, K>>>, GetError> {
        let last = self.store.last(key.to_key()).await?;
        Ok(last.map(|message| read::<V, K>(&self.store, message)).transpose()?)
    }
}
