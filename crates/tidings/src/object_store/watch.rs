//! Watching: the descriptions of all objects, then each change, and each gap told.

use std::error::Error;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{Stream, StreamExt};

use super::description::read;
use super::error::{ObjectGetError, ObjectNameError};
use super::info::ObjectInfo;
use super::store::Objects;
use crate::key_value::{Flow, Start, Step, Store};
use crate::transport::{Denial, Extent, Fault};

/// A watch of an object store that is to begin: await it, or first say what it tells.
///
/// # Errors
/// Awaited, [`ObjectGetError`].
///
/// # Cancel safety
/// Dropping the future ends the watch.
#[derive(Debug)]
#[must_use = "await it to watch"]
pub struct ObjectWatch {
    store: Store,
    start: Start,
}

impl Objects {
    /// Watches all objects: their descriptions first, then what becomes of them. Await it, or first say
    /// what it tells.
    ///
    /// A store keeps the last description of each object alone: of changes that follow each other before
    /// the watch is read, the last one is told.
    ///
    /// # Errors
    /// Awaited, [`ObjectGetError`].
    pub fn watch(&self) -> ObjectWatch {
        ObjectWatch { store: self.store.clone(), start: Start::Values }
    }
}

impl ObjectWatch {
    /// Tells what changes from now on alone: [`ObjectEvent::Current`] comes first, unless there is a gap.
    pub fn updates_only(mut self) -> Self {
        self.start = Start::Updates;
        self
    }
}

impl IntoFuture for ObjectWatch {
    type Output = Result<ObjectChanges, ObjectGetError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, start } = self;
        Box::pin(async move {
            let flow = Box::new(open(&store, start).await?);
            Ok(ObjectChanges { store, flow })
        })
    }
}

pub(super) async fn open(store: &Store, start: Start) -> Result<Flow, ObjectGetError> {
    let all = store.subject(Ok(">".to_owned()));
    let all = all.map_err(|error| ObjectNameError::of(error, store.bucket()))?;
    let flow = Flow::open(store.clone(), all, start, Extent::Whole).await;
    flow.map_err(|fault| ObjectGetError::of(fault, store.bucket()))
}

/// Item of a watch of an object store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectEvent {
    /// An object was stored, or its description changed.
    Put(ObjectInfo),
    /// An object was deleted; its description says which.
    Removed(ObjectInfo),
    /// All that the store had is told; what follows are changes.
    Current,
    /// Something may have been missed: the connection was lost, or the store was purged or made again. What
    /// was told before is void. All that the store has follows, then [`Current`](Self::Current): an object
    /// that does not come by then is gone.
    Resynchronised,
}

/// A flow of what becomes of an object store: a [`Stream`] that also has a
/// [`next`](ObjectChanges::next) of its own.
///
/// Nothing is missed silently: see [`ObjectEvent::Resynchronised`]. A description that can't be read comes
/// as an error, and the flow goes on.
pub struct ObjectChanges {
    store: Store,
    flow: Box<Flow>,
}

impl ObjectChanges {
    /// Returns the next change of the store; `None` once the bus is closed.
    ///
    /// # Errors
    /// [`ObjectWatchError`]. The flow goes on after it.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<ObjectEvent, ObjectWatchError>> {
        StreamExt::next(self).await
    }
}

impl Stream for ObjectChanges {
    type Item = Result<ObjectEvent, ObjectWatchError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let Some(step) = ready!(this.flow.poll_step(cx)) else { return Poll::Ready(None) };
            return Poll::Ready(Some(match step {
                // A server writes one in place of what has expired: it says nothing that is an object's.
                Step::Message(message) if message.is_marker() => continue,
                Step::Message(message) => match read(&this.store, &message) {
                    Ok(info) if info.is_deleted => Ok(ObjectEvent::Removed(info)),
                    Ok(info) => Ok(ObjectEvent::Put(info)),
                    Err(error) => Err(error.into()),
                },
                Step::Current => Ok(ObjectEvent::Current),
                Step::Resynchronised => Ok(ObjectEvent::Resynchronised),
                Step::Gone => Err(ObjectWatchError::gone(&this.store)),
                Step::Failed(fault) => Err(ObjectWatchError::of(fault)),
            }));
        }
    }
}

impl fmt::Debug for ObjectChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObjectChanges").field(&self.store.bucket()).finish()
    }
}

/// A watch, or a list of objects, met an error. It goes on, but after [`Closed`](Self::Closed).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectWatchError {
    /// A description is not as clients write one; the error keeps the bytes.
    #[error(transparent)]
    Description(#[from] ObjectGetError),
    /// The store was deleted. Once it is there again, all of it is told.
    #[error("object store `{store}` was deleted; waiting for it to be made again")]
    Gone {
        /// The store.
        store: String,
    },
    /// The server does not allow the watch any more. It is asked again.
    #[error(transparent)]
    Denied(Denial),
    /// The connection reports a fault; the flow goes on when it is back.
    #[error("the connection reports a fault; waiting for it to come back")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    /// The bus was closed before all was listed, and the list ends with this. A watch ends without an error.
    #[error("the bus was closed before all objects of store `{store}` were listed")]
    Closed {
        /// The store.
        store: String,
    },
}

impl ObjectWatchError {
    pub(super) fn gone(store: &Store) -> Self {
        Self::Gone { store: store.bucket().to_owned() }
    }

    pub(super) fn of(fault: Fault) -> Self {
        match fault {
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Client(source) => Self::Connection(source),
            other => Self::Connection(other.into()),
        }
    }
}
