//! Changing a value by what it is, however many do so at a time.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use super::entry::{Change, Entry, is_removed, read};
use super::error::{PutError, UpdateError};
use super::keys::{Declared, Keys, Owned, TextKeys};
use super::{KeyValue, key_of};
use crate::backoff::Backoff;
use crate::bucket::{Bucket, BucketKey, KeyError};
use crate::jitter::jittered;

/// Maximum number of times that a value is read anew because somebody else was faster.
const TRIES: u32 = 32;
const PAUSE: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));

impl<V: Bucket> KeyValue<V, Declared> {
    /// Stores what `change` makes of a key's value, `None` where it has none. Where somebody else changes
    /// it meanwhile, it is read and made anew, up to 32 times. Gives the revision of the new value.
    ///
    /// `change` may be called several times, and is not awaited: it should do nothing but make a value.
    /// The new value has no time to live, whatever the old one had. A panic of `change` comes through, and nothing was
    /// stored by then.
    ///
    /// # Errors
    /// [`UpdateError`]
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the value was changed.
    pub async fn update_with(
        &self,
        key: &V::Key,
        change: impl FnMut(Option<V>) -> V,
    ) -> Result<u64, UpdateError> {
        self.change(key, change, |value| key_of(value)).await
    }
}

impl<V: Serialize + DeserializeOwned> KeyValue<V, TextKeys> {
    /// Stores what `change` makes of a key's value, `None` where it has none. Where somebody else changes
    /// it meanwhile, it is read and made anew, up to 32 times. Gives the revision of the new value.
    ///
    /// `change` may be called several times, and is not awaited: it should do nothing but make a value.
    /// The new value has no time to live, whatever the old one had. A panic of `change` comes through, and nothing was
    /// stored by then.
    ///
    /// # Errors
    /// [`UpdateError`]
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the value was changed.
    pub async fn update_with(
        &self,
        key: &str,
        change: impl FnMut(Option<V>) -> V,
    ) -> Result<u64, UpdateError> {
        self.change(key, change, |_| key.to_key()).await
    }
}

impl<V: Serialize + DeserializeOwned, K: Keys<V>> KeyValue<V, K> {
    async fn change(
        &self,
        key: &K::Key,
        mut change: impl FnMut(Option<V>) -> V,
        key_of: impl Fn(&V) -> Result<String, KeyError>,
    ) -> Result<u64, UpdateError> {
        let text = key.to_key().map_err(PutError::Key)?;
        let mut waits = PAUSE.waits();
        for _ in 0..TRIES {
            let last = self.store.last(Ok(text.clone())).await?;
            let revision = last.as_ref().map_or(0, |last| last.sequence);
            let old: Option<Entry<V, Owned<V, K>>> = match last {
                Some(last) if !is_removed(&last) => {
                    let read = read::<V, K>(&self.store, last);
                    read.map(Change::into_entry).map_err(super::GetError::Entry)?
                }
                _ => None,
            };
            let new = change(old.map(|entry| entry.value));
            let found = key_of(&new).map_err(PutError::Key)?;
            if found != text {
                let (bucket, key) = (self.store.bucket().to_owned(), text);
                return Err(UpdateError::OtherKey { bucket, key, found });
            }
            match self.store.put(Ok(found), &new).at(revision).await {
                Ok(revision) => return Ok(revision),
                Err(PutError::Conflict { .. }) => sleep(jittered(waits.lengthen())).await,
                Err(error) => return Err(error.into()),
            }
        }
        let (bucket, key) = (self.store.bucket().to_owned(), text);
        Err(UpdateError::Contended { bucket, key, tries: TRIES })
    }
}
