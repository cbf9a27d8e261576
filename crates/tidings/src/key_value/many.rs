//! Reading many keys with one question.

use std::borrow::Borrow;
use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::KeyValue;
use super::entry::{Change, Entry, read};
use super::error::GetError;
use super::keys::{Keys, Owned};
use crate::bucket::BucketKey as _;
use crate::transport::StoredMessage;

impl<V: DeserializeOwned, K: Keys<V>> KeyValue<V, K> {
    /// The values of many keys, in their order; `None` for each that has none. A server of 2.11 or newer
    /// is asked for a thousand at a time.
    ///
    /// # Errors
    /// [`GetError`], also where one of the values can't be read.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn get_many<Q: Borrow<K::Key>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<Entry<V, Owned<V, K>>>>, GetError> {
        let store = &self.store;
        let subjects = keys.into_iter().map(|key| store.subject(key.borrow().to_key()));
        let subjects = subjects.collect::<Result<Vec<_>, _>>()?;
        let found = store.link.transport.last_of_each(store.stream(), &subjects).await;
        let found = found.map_err(|fault| GetError::of(fault, store.bucket()))?;
        let mut found: HashMap<&str, &StoredMessage> =
            found.iter().map(|message| (message.subject.as_str(), message)).collect();
        let one = |subject: &crate::subject::Subject| match found.get_mut(subject.as_str()) {
            Some(message) => {
                let change = read::<V, K>(store, StoredMessage::clone(message))?;
                Ok(Change::into_entry(change))
            }
            None => Ok(None),
        };
        subjects.iter().map(one).collect()
    }
}
