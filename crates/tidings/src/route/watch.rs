//! A handler of a bucket, and how it is to be run.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tidings_contract::Descriptor;

use crate::bucket::{Bucket, KeyFilter};
#[cfg(feature = "tower")]
use crate::handler::{HandlerLayer, layered_watch};
use crate::handler::{WatchDispatch, WatchHandler, watching};
use crate::key_value::{WatchBegin, WatchedBucket};
use crate::retry::Retry;
use crate::stream::StreamDeclaration;

/// A handler of what becomes of a bucket, and how it is to be run; for the registry's
/// [`watch`](crate::Registry::watch). It is made by [`Route::watch`](crate::Route::watch).
#[must_use = "give it to `Registry::watch`"]
pub struct WatchRoute<V> {
    pub(super) spec: WatchSpec,
    value: PhantomData<fn(V)>,
}

/// A bucket's handler without its type.
pub(crate) struct WatchSpec {
    pub(crate) stream: StreamDeclaration,
    /// Filter of all keys of the bucket.
    keys: &'static str,
    pub(crate) watched: WatchedBucket,
    pub(crate) describe: fn() -> Descriptor,
    pub(crate) dispatch: Arc<dyn WatchDispatch>,
    pub(crate) retry: Retry,
    pub(crate) deadline: Option<Duration>,
    /// Layers around the handler, the innermost first.
    #[cfg(feature = "tower")]
    pub(crate) layers: Vec<HandlerLayer>,
}

impl<V: Bucket> WatchRoute<V> {
    pub(super) fn new(handler: impl WatchHandler<V>) -> Self {
        let watched = WatchedBucket {
            bucket: V::BUCKET,
            filter: Ok(">".to_owned()),
            begin: WatchBegin::Values,
        };
        let spec = WatchSpec {
            stream: StreamDeclaration::of::<V>(),
            keys: V::SUBJECTS.first().copied().unwrap_or_default(),
            watched,
            describe: V::descriptor,
            dispatch: watching(handler),
            retry: Retry::default(),
            deadline: None,
            #[cfg(feature = "tower")]
            layers: Vec::new(),
        };
        Self { spec, value: PhantomData }
    }

    /// Tells of the keys alone that a filter matches: `Session::key_filter().tenant("acme")`. A value that no
    /// key can hold is refused at the start.
    pub fn filter(mut self, filter: impl KeyFilter<Of = V>) -> Self {
        self.spec.watched.filter = filter.to_filter();
        self
    }

    /// Tells what changes from now on alone: `Current` comes first, unless there is a gap.
    pub fn updates_only(mut self) -> Self {
        self.spec.watched.begin = WatchBegin::Updates;
        self
    }

    /// Tells all that the bucket keeps of each key first, oldest first, and not the last value alone.
    pub fn with_history(mut self) -> Self {
        self.spec.watched.begin = WatchBegin::History;
        self
    }

    /// Sets the policy by which what failed is handled again; the default is
    /// [`Retry::exponential(12)`](Retry::exponential). What has no further attempt is logged, and the next
    /// change follows.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.spec.retry = retry;
        self
    }

    /// Sets the maximum time that the handler may take for one change; the default is without end. One that
    /// takes longer is dropped, which counts as a failure.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.spec.deadline = Some(deadline);
        self
    }

    pub(crate) fn into_spec(self) -> WatchSpec {
        self.spec
    }
}

impl WatchSpec {
    /// Name of the route: that of the bucket's stream.
    pub(crate) fn label(&self) -> &'static str {
        self.stream.name
    }

    /// Filter of all keys of the bucket.
    pub(crate) fn keys(&self) -> &'static str {
        self.keys
    }

    /// Puts its layers around the handler, and around them those of its registry. Some of them need a
    /// runtime, so this is done as the registry starts.
    #[cfg(feature = "tower")]
    pub(crate) fn lay(&mut self, outer: &[HandlerLayer]) {
        let layers = self.layers.iter().chain(outer);
        let of = (self.label(), self.keys());
        self.dispatch = layered_watch(Arc::clone(&self.dispatch), of, layers);
    }
}

impl fmt::Debug for WatchSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchSpec").field("watched", &self.watched).finish_non_exhaustive()
    }
}

impl<V> fmt::Debug for WatchRoute<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WatchRoute").field(&self.spec.watched).finish()
    }
}
