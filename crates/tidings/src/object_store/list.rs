//! The list of a store's objects.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{Stream, StreamExt};

use super::description::read;
use super::error::ObjectGetError;
use super::info::ObjectInfo;
use super::store::Objects;
use super::watch::{ObjectWatchError, open};
use crate::key_value::{Flow, Start, Step, Store};

/// The objects of a store, links too: a [`Stream`] that ends with the last of them.
///
/// It is made of what the store has when it is asked, and of what changes while it is read.
pub struct ObjectList {
    store: Store,
    flow: Option<Box<Flow>>,
    /// Names that were listed: after a gap all come again.
    listed: HashSet<String>,
}

impl Objects {
    /// Lists the objects of the store by their descriptions.
    ///
    /// # Errors
    /// [`ObjectGetError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn list(&self) -> Result<ObjectList, ObjectGetError> {
        let flow = Some(Box::new(open(&self.store, Start::Values).await?));
        Ok(ObjectList { store: self.store.clone(), flow, listed: HashSet::new() })
    }
}

impl ObjectList {
    /// The next object; `None` after the last.
    ///
    /// # Errors
    /// [`ObjectWatchError`], also for a description that can't be read. The list goes on after it, but ends with
    /// [`ObjectWatchError::Closed`] and [`ObjectWatchError::Gone`]: then not all was listed.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<ObjectInfo, ObjectWatchError>> {
        StreamExt::next(self).await
    }
}

impl Stream for ObjectList {
    type Item = Result<ObjectInfo, ObjectWatchError>;

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
                    let store = this.store.bucket().to_owned();
                    return Poll::Ready(Some(Err(ObjectWatchError::Closed { store })));
                }
                // What was listed is left out.
                Some(Step::Resynchronised) => continue,
                Some(Step::Gone) => {
                    this.flow = None;
                    return Poll::Ready(Some(Err(ObjectWatchError::gone(&this.store))));
                }
                Some(Step::Failed(fault)) => {
                    return Poll::Ready(Some(Err(ObjectWatchError::of(fault))));
                }
                Some(Step::Message(message)) if message.is_marker() => continue,
                Some(Step::Message(message)) => message,
            };
            match read(&this.store, &message) {
                Ok(info) if info.is_deleted || this.listed.contains(info.name()) => {}
                Ok(info) => {
                    this.listed.insert(info.name().to_owned());
                    return Poll::Ready(Some(Ok(info)));
                }
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }
}

impl fmt::Debug for ObjectList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObjectList").field(&self.store.bucket()).finish()
    }
}
