//! Watching: all values of a bucket, then each change, typed, and each gap told.

use std::error::Error;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{Stream, StreamExt};
use serde::de::DeserializeOwned;

use super::entry::{Change, Entry, EntryError, Removal, read};
use super::error::GetError;
use super::flow::{Flow, Start, Step};
use super::keys::{Declared, Keys, Owned};
use super::store::Store;
use crate::bucket::KeyError;
use crate::transport::{Denial, Extent, Fault};

/// A watch of a bucket that is to begin: await it, or first say what it tells.
///
/// # Errors
/// Awaited, [`GetError`].
///
/// # Cancel safety
/// Dropping the future ends the watch.
#[derive(Debug)]
#[must_use = "await it to watch"]
pub struct Watch<V, K = Declared> {
    store: Store,
    filter: Result<String, KeyError>,
    start: Start,
    kind: PhantomData<fn() -> (V, K)>,
}

impl<V, K> Watch<V, K> {
    pub(super) fn new(store: Store, filter: Result<String, KeyError>) -> Self {
        Self { store, filter, start: Start::Values, kind: PhantomData }
    }

    /// Tells all that the bucket keeps of each key first, oldest first, and not the last value alone.
    pub fn with_history(mut self) -> Self {
        self.start = Start::History;
        self
    }

    /// Tells what changes from now on alone: [`WatchEvent::Current`] comes first, unless there is a gap.
    pub fn updates_only(mut self) -> Self {
        self.start = Start::Updates;
        self
    }
}

impl<V, K> IntoFuture for Watch<V, K>
where
    V: DeserializeOwned + Send + 'static,
    K: Keys<V> + 'static,
{
    type Output = Result<Changes<V, K>, GetError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, filter, start, .. } = self;
        Box::pin(async move {
            let filter = store.subject(filter)?;
            let flow = Flow::open(store.clone(), filter, start, Extent::Whole).await;
            let flow = flow.map_err(|fault| GetError::of(fault, store.bucket()))?;
            Ok(Changes { store, flow: Box::new(flow), kind: PhantomData })
        })
    }
}

/// Item of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchEvent<V, K = String> {
    /// A key has this value.
    Put(Entry<V, K>),
    /// A key was removed, or its value expired.
    Removed(Removal<K>),
    /// All that the bucket had is told; what follows are changes.
    Current,
    /// Something may have been missed: the connection was lost, or the bucket was purged or made again. What
    /// was told before is void. All that the bucket has follows, then [`Current`](Self::Current): a key
    /// that does not come by then is gone.
    Resynchronised,
}

/// A flow of what becomes of a bucket: a [`Stream`] that also has a [`next`](Changes::next) of its own.
///
/// Nothing is missed silently: see [`WatchEvent::Resynchronised`]. A value that can't be read comes as an
/// error, and the flow goes on. It holds a few messages of the server's at a time where they are taken slowly,
/// 2 MB of them before anything is taken, 32 MB at most where they were taken quickly, and 16 bytes for each key.
pub struct Changes<V, K = Declared> {
    store: Store,
    flow: Box<Flow>,
    kind: PhantomData<fn() -> (V, K)>,
}

impl<V: DeserializeOwned, K: Keys<V>> Changes<V, K> {
    /// Returns the next change of the bucket; `None` once the bus is closed.
    ///
    /// # Errors
    /// [`WatchError`]. The flow goes on after it.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<WatchEvent<V, Owned<V, K>>, WatchError>> {
        StreamExt::next(self).await
    }
}

impl<V: DeserializeOwned, K: Keys<V>> Stream for Changes<V, K> {
    type Item = Result<WatchEvent<V, Owned<V, K>>, WatchError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(step) = ready!(this.flow.poll_step(cx)) else { return Poll::Ready(None) };
        Poll::Ready(Some(match step {
            Step::Message(message) => match read::<V, K>(&this.store, message) {
                Ok(Change::Put(entry)) => Ok(WatchEvent::Put(entry)),
                Ok(Change::Removed(removal)) => Ok(WatchEvent::Removed(removal)),
                Err(error) => Err(error.into()),
            },
            Step::Current => Ok(WatchEvent::Current),
            Step::Resynchronised => Ok(WatchEvent::Resynchronised),
            Step::Gone => Err(WatchError::Gone { bucket: this.store.bucket().to_owned() }),
            Step::Failed(fault) => Err(WatchError::of(fault)),
        }))
    }
}

impl<V, K> fmt::Debug for Changes<V, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Changes").field(&self.store.bucket()).finish()
    }
}

/// A watch, or a list of keys, met an error. It goes on, but after [`Closed`](Self::Closed).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// A stored value is not what the bucket's type says; the error keeps the bytes.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The bucket was deleted. Once it is there again, all of it is told.
    #[error("bucket `{bucket}` was deleted; waiting for it to be made again")]
    Gone {
        /// The bucket.
        bucket: String,
    },
    /// The server does not allow the watch any more. It is asked again.
    #[error(transparent)]
    Denied(Denial),
    /// The connection reports a fault; the flow goes on when it is back.
    #[error("the connection reports a fault; waiting for it to come back")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    /// The bus was closed before all was listed, and the list ends with this. A watch ends without an error.
    #[error("the bus was closed before all keys of bucket `{bucket}` were listed")]
    Closed {
        /// The bucket.
        bucket: String,
    },
}

impl WatchError {
    pub(super) fn of(fault: Fault) -> Self {
        match fault {
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Client(source) => Self::Connection(source),
            other => Self::Connection(other.into()),
        }
    }
}
