//! Handlers of what becomes of a bucket.

use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::bucket::Bucket;
use crate::context::Context;
use crate::failure::Failure;
use crate::key_value::{EntryError, News, NewsReader, WatchEvent};

/// Handles what becomes of a bucket of `V`, one change after the other.
///
/// Async functions and closures that take a [`WatchEvent`] and a [`Context`] are such handlers, too. See
/// [`Route::watch`](crate::Route::watch).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle what becomes of the bucket of `{V}`",
    label = "no handler of a bucket's changes",
    note = "implement `WatchHandler<{V}>` for it, or pass an async closure `|event: WatchEvent<{V}, <{V} as Bucket>::Key>, cx: Context| async move {{ … }}`"
)]
pub trait WatchHandler<V: Bucket>: Send + Sync + 'static {
    /// Does the work for one change, or for the word that all is told, or that it is told anew.
    ///
    /// # Errors
    /// Any error, as a [`Failure`]: the same comes again after a wait, and what follows waits for it. A
    /// [`Failure::reject`] and the last attempt are logged and counted, and the next change follows.
    fn handle(
        &self,
        event: WatchEvent<V, V::Key>,
        cx: Context,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

impl<V, F, Fut> WatchHandler<V> for F
where
    V: Bucket,
    F: Fn(WatchEvent<V, V::Key>, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Failure>> + Send,
{
    fn handle(
        &self,
        event: WatchEvent<V, V::Key>,
        cx: Context,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        self(event, cx)
    }
}

/// A bucket's handler without its type.
pub(crate) trait WatchDispatch: Send + Sync {
    /// Reads news and begins to handle them.
    fn dispatch(
        &self,
        reader: &NewsReader,
        news: News,
        cx: Context,
    ) -> Result<BoxFuture<'static, Result<(), Failure>>, EntryError>;
}

/// The handler `H` of a bucket of `V`, its types erased.
pub(crate) fn watching<V: Bucket>(handler: impl WatchHandler<V>) -> Arc<dyn WatchDispatch> {
    Arc::new(TypedWatch::<V, _> { handler: Arc::new(handler), value: PhantomData })
}

struct TypedWatch<V, H> {
    handler: Arc<H>,
    value: PhantomData<fn() -> V>,
}

impl<V: Bucket, H: WatchHandler<V>> WatchDispatch for TypedWatch<V, H> {
    fn dispatch(
        &self,
        reader: &NewsReader,
        news: News,
        cx: Context,
    ) -> Result<BoxFuture<'static, Result<(), Failure>>, EntryError> {
        let event = reader.read::<V>(news)?;
        let handler = Arc::clone(&self.handler);
        Ok(async move { handler.handle(event, cx).await }.boxed())
    }
}
