//! One handler and how it is to be run.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::envelope;
use crate::handler::{Dispatch, Handler, Typed};
use crate::message::{Declaration, Decode};
use crate::retry::Retry;
use crate::transport::Incoming;

/// One handler and how it is to be run; for the registry's `route`.
///
/// ```
/// # use tidings::prelude::*;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "payments.failed")]
/// # struct PaymentFailed { order: u64 }
/// let refunds = |failed: PaymentFailed, _cx: Context| async move {
///     println!("order {} gets its money back", failed.order);
///     Ok(())
/// };
/// let registry = Registry::new("shop")
///     .route(Route::of::<PaymentFailed>(refunds).concurrency(32));
/// ```
#[must_use = "give it to `Registry::route`"]
pub struct Route<M = ()> {
    spec: RouteSpec,
    message: PhantomData<fn(M)>,
}

/// A route without its type: what a registry keeps.
pub(crate) struct RouteSpec {
    pub(crate) declarations: &'static [&'static Declaration],
    pub(crate) name: Option<&'static str>,
    pub(crate) type_name: &'static str,
    pub(crate) dispatch: Arc<dyn Dispatch>,
    pub(crate) concurrency: usize,
    pub(crate) key: Option<Key>,
    pub(crate) retry: Option<Retry>,
    pub(crate) ack_wait: Option<Duration>,
    pub(crate) max_ack_pending: Option<u64>,
    pub(crate) durable: Option<String>,
    pub(crate) queue_group: Option<String>,
}

/// Reads a message's key, hashed; `None` for what can't be decoded.
pub(crate) type Key = Arc<dyn Fn(&Incoming) -> Option<u64> + Send + Sync>;

impl Route {
    /// A handler of `M`, run as `M` declares: an event without a stream in a queue group, an
    /// event with a stream through a durable consumer, a request as a service endpoint.
    pub fn of<M: Decode>(handler: impl Handler<M>) -> Route<M> {
        let spec = RouteSpec {
            declarations: M::DECLARATIONS,
            name: M::NAME,
            type_name: std::any::type_name::<M>(),
            dispatch: Arc::new(Typed::<M, _>::new(handler)),
            concurrency: 16,
            key: None,
            retry: None,
            ack_wait: None,
            max_ack_pending: None,
            durable: None,
            queue_group: None,
        };
        Route { spec, message: PhantomData }
    }
}

impl<M: Decode> Route<M> {
    /// Handles messages of the same key one after the other, in the order they came, while those
    /// of other keys are handled beside them. A message that failed comes again later, behind
    /// those that followed it.
    ///
    /// A message that waits for its key counts among those that are handled at a time: when one of
    /// a key hangs, so many behind it as [`concurrency`](Self::concurrency) allows keep the others
    /// waiting too.
    ///
    /// Each message is decoded once more for its key.
    pub fn keyed_by<K: Hash>(mut self, key: impl Fn(&M) -> K + Send + Sync + 'static) -> Self {
        let hasher = RandomState::new();
        self.spec.key = Some(Arc::new(move |incoming| {
            envelope::decode::<M>(incoming).ok().map(|message| hasher.hash_one(key(&message)))
        }));
        self
    }
}

impl<M> Route<M> {
    pub(crate) fn into_spec(self) -> RouteSpec {
        self.spec
    }

    /// How many messages are handled at a time; the default is 16, and 0 is refused at the start. As
    /// many of a stream's may be fetched ahead, and their ack wait runs while they wait.
    ///
    /// With 1 they are handled in order, except for one that failed: it comes again later.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.spec.concurrency = concurrency;
        self
    }

    /// When a failed stream event is handled again; the default waits a second each time. On a
    /// route of other messages it is refused at the start.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.spec.retry = Some(retry);
        self
    }

    /// How long a handler may take, without reporting progress, before the server delivers its
    /// stream event again; the default is 30 s. On a route of other messages it is refused
    /// at the start.
    pub fn ack_wait(mut self, ack_wait: Duration) -> Self {
        self.spec.ack_wait = Some(ack_wait);
        self
    }

    /// The durable consumer's name, instead of `<registry>-<wire name>`, whose dots become `_`.
    /// On a route without a stream it is refused at the start.
    pub fn durable(mut self, name: impl Into<String>) -> Self {
        self.spec.durable = Some(name.into());
        self
    }

    /// The queue group, instead of the registry's name for an event and `q` for a request. On a
    /// route of a stream's events, which its durable consumer shares, it is refused at the start.
    pub fn queue_group(mut self, group: impl Into<String>) -> Self {
        self.spec.queue_group = Some(group.into());
        self
    }

    /// How many of a stream's messages may be unsettled at a time, over all instances; the default
    /// is 1000. On a route without a stream it is refused at the start.
    pub fn max_ack_pending(mut self, max: u64) -> Self {
        self.spec.max_ack_pending = Some(max);
        self
    }
}

impl RouteSpec {
    /// The options that were given and mean something only to a stream's events.
    pub(crate) fn stream_options(&self) -> impl Iterator<Item = &'static str> {
        [
            self.retry.as_ref().map(|_| "retry"),
            self.ack_wait.map(|_| "ack_wait"),
            self.max_ack_pending.map(|_| "max_ack_pending"),
            self.durable.as_ref().map(|_| "durable"),
        ]
        .into_iter()
        .flatten()
    }

    /// What an error calls it.
    pub(crate) fn label(&self) -> String {
        self.name.unwrap_or(self.type_name).to_owned()
    }
}

impl<M> fmt::Debug for Route<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}

impl fmt::Debug for RouteSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("name", &self.label())
            .field("concurrency", &self.concurrency)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
