//! The list of a bucket's keys.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{Stream, StreamExt};

use super::entry::{EntryError, is_removed};
use super::error::GetError;
use super::flow::{Flow, Start, Step};
use super::keys::{Declared, Keys, Owned};
use super::store::Store;
use super::watch::WatchError;
use crate::bucket::{BucketKey, KeyError};
use crate::transport::Extent;

/// The keys of a bucket that have a value: a [`Stream`] that ends with the last of them.
///
/// It is made of what the bucket has when it is asked, and of what changes while it is read.
pub struct KeyList<V, K = Declared> {
    store: Store,
    flow: Option<Box<Flow>>,
    /// Hashes of the subjects that were listed: after a gap all come again.
    listed: HashSet<u64>,
    hasher: RandomState,
    kind: PhantomData<fn() -> (V, K)>,
}

impl Store {
    pub(super) async fn flow(
        &self,
        filter: Result<String, KeyError>,
        start: Start,
        extent: Extent,
    ) -> Result<Flow, GetError> {
        let filter = self.subject(filter)?;
        let flow = Flow::open(self.clone(), filter, start, extent).await;
        flow.map_err(|fault| GetError::of(fault, self.bucket()))
    }
}

impl<V, K> KeyList<V, K> {
    pub(super) async fn open(
        store: Store,
        filter: Result<String, KeyError>,
    ) -> Result<Self, GetError> {
        let flow = store.flow(filter, Start::Values, Extent::Headers).await?;
        let (flow, listed) = (Some(Box::new(flow)), HashSet::new());
        Ok(Self { store, flow, listed, hasher: RandomState::new(), kind: PhantomData })
    }
}

impl<V, K: Keys<V>> KeyList<V, K> {
    /// The next key; `None` after the last.
    ///
    /// # Errors
    /// [`WatchError`], also for a key that another program wrote and the template does not have. The list
    /// goes on after it, but ends with [`WatchError::Closed`] and [`WatchError::Gone`]: then not all was listed.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Owned<V, K>, WatchError>> {
        StreamExt::next(self).await
    }
}

impl<V, K: Keys<V>> Stream for KeyList<V, K> {
    type Item = Result<Owned<V, K>, WatchError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let Some(flow) = &mut this.flow else { return Poll::Ready(None) };
            let message = match ready!(flow.poll_step(cx)) {
                Some(Step::Current) => {
                    this.flow = None;
                    return Poll::Ready(None);
                }
                None => {
                    this.flow = None;
                    let bucket = this.store.bucket().to_owned();
                    return Poll::Ready(Some(Err(WatchError::Closed { bucket })));
                }
                // What was listed is left out.
                Some(Step::Resynchronised) => continue,
                Some(Step::Gone) => {
                    this.flow = None;
                    let bucket = this.store.bucket().to_owned();
                    return Poll::Ready(Some(Err(WatchError::Gone { bucket })));
                }
                Some(Step::Failed(fault)) => return Poll::Ready(Some(Err(WatchError::of(fault)))),
                Some(Step::Message(message)) => message,
            };
            let hash = this.hasher.hash_one(message.subject.as_str());
            if is_removed(&message) || !this.listed.insert(hash) {
                continue;
            }
            let key = <K::Key as BucketKey>::parse(this.store.key_of(&message.subject));
            return Poll::Ready(Some(key.map_err(|source| {
                let (bucket, revision) = (this.store.bucket().to_owned(), message.sequence);
                let (payload, source) = (message.payload, Box::new(source));
                EntryError::Key { bucket, revision, payload, source }.into()
            })));
        }
    }
}

impl<V, K> fmt::Debug for KeyList<V, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyList").field(&self.store.bucket()).finish()
    }
}
