//! Key-value: what a bucket holds, read, written and changed by key (ADR-8).

mod entry;
mod error;
mod flow;
mod history;
mod keys;
mod list;
mod many;
mod news;
mod read;
mod send;
mod store;
mod update;
mod watch;
mod write;

pub use entry::{Change, Entry, EntryError, Removal, RemovalReason};
pub use error::{GetError, PutError, UpdateError};
pub(crate) use flow::{Flow, Start, Step};
pub use keys::{Declared, Keys, TextKeys};
pub use list::KeyList;
pub(crate) use news::{News, NewsFeed, NewsReader, WatchBegin, WatchedBucket};
pub(crate) use store::Store;
pub use watch::{Changes, Watch, WatchError, WatchEvent};
pub use write::Write;

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;

use crate::bucket::{Bucket, BucketKey, KeyFilter};
use crate::link::Link;

/// A bucket of values of type `V`: made by `Bus::key_value` of a declared one, or by `Bus::bucket` with
/// a name. A cheap clone.
///
/// A value has a revision, the number of its place in the bucket's stream: a change can say which one it
/// is a change of, and is refused where somebody was faster. Other programs read and write the same: the
/// format is that of every client of NATS.
///
/// ```
/// use tidings::prelude::*;
///
/// /// Session of a user who is logged in.
/// #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
/// #[bucket(name = "sessions", key = "{tenant}.{user}")]
/// struct Session { tenant: String, user: u64, cart: Vec<String> }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// bus.provision::<Session>().await?;
/// let sessions = bus.key_value::<Session>();
///
/// let mut session = Session { tenant: "acme".into(), user: 7, cart: Vec::new() };
/// let revision = sessions.put(&session).await?;
/// session.cart.push("lamp".into());
/// sessions.update(&session, revision).await?;
///
/// let key = SessionKey { tenant: "acme".into(), user: 7 };
/// assert_eq!(sessions.get(&key).await?, Some(session));
/// sessions.delete(&key).await?;
/// assert_eq!(sessions.get(&key).await?, None);
/// # Ok(())
/// # }
/// ```
pub struct KeyValue<V, K = Declared> {
    store: Store,
    kind: PhantomData<fn() -> (V, K)>,
}

impl<V, K> Clone for KeyValue<V, K> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), kind: PhantomData }
    }
}

impl<V, K> fmt::Debug for KeyValue<V, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyValue").field(&self.store.bucket()).finish()
    }
}

impl<V, K> KeyValue<V, K> {
    pub(crate) fn new(link: Link, bucket: &str) -> Self {
        Self { store: Store::new(link, bucket), kind: PhantomData }
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        self.store.bucket()
    }
}

impl<V: Bucket> KeyValue<V> {
    pub(crate) fn declared(link: Link) -> Self {
        let store = Store::new(link, V::BUCKET).declared_as(V::config);
        Self { store, kind: PhantomData }
    }
}

impl<V, K: Keys<V>> KeyValue<V, K> {
    /// Watches all keys: their values first, then what becomes of them. Await it, or first say what it tells.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// use tidings::WatchEvent;
    ///
    /// # #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
    /// # #[bucket(name = "sessions", key = "{user}")]
    /// # struct Session { user: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Session>().await?;
    /// # let sessions = bus.key_value::<Session>();
    /// sessions.put(&Session { user: 7 }).await?;
    /// let mut changes = sessions.watch().await?;
    /// while let Some(event) = changes.next().await {
    ///     match event? {
    ///         WatchEvent::Put(entry) => println!("{:?} is {:?}", entry.key, entry.value),
    ///         WatchEvent::Removed(removal) => println!("{:?} is gone", removal.key),
    ///         WatchEvent::Resynchronised => println!("forget what was told"),
    ///         WatchEvent::Current => break, // all that there is was told
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Awaited, [`GetError`].
    pub fn watch(&self) -> Watch<V, K> {
        Watch::new(self.store.clone(), Ok(">".to_owned()))
    }

    /// Watches the keys that a filter matches: `Session::key_filter().tenant("acme")`, or a text such as
    /// `acme.*` where keys are text.
    ///
    /// # Errors
    /// Awaited, [`GetError`], also for a value that no key can hold.
    pub fn watch_of(&self, filter: impl KeyFilter<Of = K::Of>) -> Watch<V, K> {
        Watch::new(self.store.clone(), filter.to_filter())
    }

    /// Lists the keys that have a value.
    ///
    /// # Errors
    /// [`GetError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn keys(&self) -> Result<KeyList<V, K>, GetError> {
        KeyList::open(self.store.clone(), Ok(">".to_owned())).await
    }

    /// Lists the keys that have a value and that a filter matches.
    ///
    /// # Errors
    /// [`GetError`], also for a value that no key can hold.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn keys_of(
        &self,
        filter: impl KeyFilter<Of = K::Of>,
    ) -> Result<KeyList<V, K>, GetError> {
        KeyList::open(self.store.clone(), filter.to_filter()).await
    }

    /// Removes a key: its value is absent from now on, and its history is kept. A key that is absent is
    /// removed all the same. Await it, or first say of which revision.
    ///
    /// # Errors
    /// Awaited, [`PutError`].
    pub fn delete(&self, key: &K::Key) -> Write {
        self.store.delete(key.to_key())
    }

    /// Removes a key with its history: nothing is left of it but that it was purged. Await it, or first
    /// say of which revision, or for how long that is remembered.
    ///
    /// # Errors
    /// Awaited, [`PutError`].
    pub fn purge(&self, key: &K::Key) -> Write {
        self.store.purge(key.to_key())
    }
}

impl<V: Bucket> KeyValue<V> {
    /// Stores a value under its own key, whatever was there. Awaited, it gives the value's revision.
    ///
    /// # Errors
    /// Awaited, [`PutError`].
    pub fn put(&self, value: &V) -> Write {
        self.store.put(key_of(value), value)
    }

    /// Stores a value whose key is absent: it never was there, or was removed.
    ///
    /// # Errors
    /// Awaited, [`PutError`]; [`PutError::Exists`] where there is one.
    pub fn create(&self, value: &V) -> Write {
        self.store.create(key_of(value), value)
    }

    /// Stores a value in place of the one with this revision.
    ///
    /// # Errors
    /// Awaited, [`PutError`]; [`PutError::Conflict`] where the last one is another.
    pub fn update(&self, value: &V, revision: u64) -> Write {
        self.store.put(key_of(value), value).at(revision)
    }
}

impl<V: Serialize> KeyValue<V, TextKeys> {
    /// Stores a value, whatever was there. Awaited, it gives the value's revision.
    ///
    /// # Errors
    /// Awaited, [`PutError`].
    pub fn put(&self, key: &str, value: &V) -> Write {
        self.store.put(key.to_key(), value)
    }

    /// Stores a value of a key that is absent: it never was there, or was removed.
    ///
    /// # Errors
    /// Awaited, [`PutError`]; [`PutError::Exists`] where there is one.
    pub fn create(&self, key: &str, value: &V) -> Write {
        self.store.create(key.to_key(), value)
    }

    /// Stores a value in place of the one with this revision.
    ///
    /// # Errors
    /// Awaited, [`PutError`]; [`PutError::Conflict`] where the last one is another.
    pub fn update(&self, key: &str, value: &V, revision: u64) -> Write {
        self.store.put(key.to_key(), value).at(revision)
    }
}

fn key_of<V: Bucket>(value: &V) -> Result<String, crate::bucket::KeyError> {
    Ok(value.key()?)
}
