//! News of a bucket for a registry's handlers: a watch without types, which reads each change for each attempt.

use std::future::poll_fn;

use serde::de::DeserializeOwned;

use super::entry::{Change, EntryError, read};
use super::error::GetError;
use super::flow::{Flow, Start, Step};
use super::keys::{Declared, Keys, Owned};
use super::store::Store;
use super::watch::{WatchError, WatchEvent};
use crate::bucket::{Bucket, KeyError};
use crate::link::Link;
use crate::transport::{Extent, StoredMessage};

/// A bucket that a handler watches.
#[derive(Debug, Clone)]
pub(crate) struct WatchedBucket {
    pub(crate) bucket: &'static str,
    pub(crate) filter: Result<String, KeyError>,
    pub(crate) begin: WatchBegin,
}

/// The beginning of a watch: all values, or changes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchBegin {
    /// The last value of each key comes first.
    Values,
    /// All that is kept of each key comes first.
    History,
    /// Changes alone come, from now on.
    Updates,
}

/// News of a bucket.
#[derive(Debug, Clone)]
pub(crate) enum News {
    Change(StoredMessage),
    Current,
    Resynchronised,
}

/// The flow of a bucket's news.
pub(crate) struct NewsFeed {
    store: Store,
    flow: Box<Flow>,
}

impl NewsFeed {
    /// Opens a bucket that must be there.
    pub(crate) async fn open(link: &Link, watched: &WatchedBucket) -> Result<Self, GetError> {
        let store = Store::new(link.clone(), watched.bucket);
        let start = match watched.begin {
            WatchBegin::Values => Start::Values,
            WatchBegin::History => Start::History,
            WatchBegin::Updates => Start::Updates,
        };
        let flow = store.flow(watched.filter.clone(), start, Extent::Whole).await?;
        Ok(Self { store, flow: Box::new(flow) })
    }

    /// The next of the news; `None` once the bus is closed. It goes on after an error, and loses nothing if
    /// the future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Result<News, WatchError>> {
        let step = poll_fn(|cx| self.flow.poll_step(cx)).await?;
        Some(match step {
            Step::Message(message) => Ok(News::Change(message)),
            Step::Current => Ok(News::Current),
            Step::Resynchronised => Ok(News::Resynchronised),
            Step::Gone => Err(WatchError::Gone { bucket: self.store.bucket().to_owned() }),
            Step::Failed(fault) => Err(WatchError::of(fault)),
        })
    }

    /// Returns `true` if all is told that the bucket has by now.
    pub(crate) async fn is_told(&mut self) -> bool {
        self.flow.is_told().await
    }

    /// Reader of the bucket's values.
    pub(crate) fn reader(&self) -> NewsReader {
        NewsReader(self.store.clone())
    }
}

/// Reader of news: what they say in types.
#[derive(Debug, Clone)]
pub(crate) struct NewsReader(Store);

impl NewsReader {
    /// Reads news of a bucket of `V`.
    pub(crate) fn read<V: Bucket>(&self, news: News) -> Result<WatchEvent<V, V::Key>, EntryError> {
        event::<V, Declared>(&self.0, news)
    }
}

/// Reads news.
pub(super) fn event<V: DeserializeOwned, K: Keys<V>>(
    store: &Store,
    news: News,
) -> Result<WatchEvent<V, Owned<V, K>>, EntryError> {
    Ok(match news {
        News::Change(message) => match read::<V, K>(store, message)? {
            Change::Put(entry) => WatchEvent::Put(entry),
            Change::Removed(removal) => WatchEvent::Removed(removal),
        },
        News::Current => WatchEvent::Current,
        News::Resynchronised => WatchEvent::Resynchronised,
    })
}
