//! Routes: a handler each, and how it is to be run.

mod breaker;
mod bucket;
mod filter;
#[cfg(feature = "tower")]
mod layer;
mod spec;
#[cfg(feature = "validation")]
mod validate;
mod watch;

pub use breaker::CircuitBreaker;
pub(crate) use spec::{BatchRule, Classify, Key, Rate, RouteSpec, SPARE_DELIVERIES};
pub use watch::WatchRoute;
pub(crate) use watch::WatchSpec;

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::envelope;
use crate::failure::{Failure, Verdict};
use crate::handler::{Batch, Handler, Input};
use crate::message::Decode;
use crate::retry::Retry;
use crate::transport::DeliverFrom;

/// A handler and how it is to be run; for the registry's `route`.
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
///
/// What can't hold, or means nothing to the message, is refused when the registry starts.
///
/// # Messages that a route does not know
///
/// Instances of two versions of a service share a durable consumer while one takes the other's
/// place, and the consumer delivers what either of them asks for. A stream's message whose subject
/// is none of the route's, or whose `Tidings-Message` says another name or version, never reaches the
/// handler: it is given back ([`RouteReport::given_back`](crate::RouteReport)), for an instance that
/// knows it. The first wait is 100 ms; it doubles up to 2 s, and is longer where the
/// [`retry`](Self::retry) policy's is. A delivery to an instance that does not know the message counts
/// as no attempt, as long as the registry may change the consumer
/// ([`Topology::Manage`](crate::Topology), the default).
///
/// What no instance knows becomes a dead letter (`undecodable`) once it was given back 18 times more
/// often than the policy has attempts, or 30 times where it has no end: with the default policy after
/// about two hours, and with short waits after half a minute.
///
/// With [`ack_every`](Self::ack_every), where one instance reads at a time, the one that does not know
/// a message stops reading for 5 s, so that another takes over.
#[must_use = "give it to `Registry::route`"]
pub struct Route<M = ()> {
    spec: RouteSpec,
    message: PhantomData<fn(M)>,
}

impl Route {
    /// A handler of `M`, run as `M` declares: an event without a stream in a queue group, an
    /// event with a stream through a durable consumer, a request as a service endpoint.
    ///
    /// A handler of a [`Batch<E>`](Batch) takes many events of `E` at once.
    pub fn of<M: Input>(handler: impl Handler<M>) -> Route<M> {
        Route { spec: RouteSpec::new::<M>(handler), message: PhantomData }
    }
}

impl<E> Route<Batch<E>> {
    /// Sets the maximum number of events in a batch; the default is 100, and 0 is refused at the
    /// start.
    pub fn max_size(mut self, events: usize) -> Self {
        self.spec.batch.max_size = events;
        self
    }

    /// Sets the maximum time that the first event of a batch waits for others; the default is 1 s.
    /// No time takes what is here.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.spec.batch.max_wait = wait;
        self
    }
}

impl<M: Decode> Route<M> {
    /// Handles messages of the same key one after the other in this instance, in the order in which
    /// they came here, while those of other keys are handled beside them. A message that failed comes
    /// again later, behind those that followed it.
    ///
    /// Other instances of the service know nothing of it: two messages of one key may go to two of
    /// them, and be handled at the same time or in the other order. What orders a stream's events over
    /// all instances is [`ack_every`](Self::ack_every), or one at a time with
    /// [`max_ack_pending(1)`](Self::max_ack_pending).
    ///
    /// A message that waits for its key keeps no other one from being handled, as long as there is
    /// room for what waits: as many as [`prefetch`](Self::prefetch) says.
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

/// Options for the number of messages at a time.
impl<M> Route<M> {
    /// Sets the maximum number of messages that are handled at a time; the default is 16, and 0 is
    /// refused at the start. On a route of batches it is how many of them, and the default is 1.
    ///
    /// With 1 this instance handles them in the order in which they came here, except for one that
    /// failed: it comes again later. Other instances handle others beside it. What orders a stream's
    /// events over all instances is [`ack_every`](Self::ack_every), or one at a time with
    /// [`max_ack_pending(1)`](Self::max_ack_pending).
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.spec.concurrency = concurrency;
        self
    }

    /// Sets the number of a stream's messages that are fetched ahead of those that are handled; the
    /// default is as many as are handled at a time, which is also the most:
    /// [`concurrency`](Self::concurrency), on a route of batches times the size of one.
    ///
    /// Where nothing is said it is as many as may be unsettled, up to 4,000, while the handler is done
    /// with each message at once, and the messages hardly wait; not with a rate limit, nor where a message has fewer than four
    /// attempts, of which a process that dies may take one from what it had fetched.
    ///
    /// The server is told of those that wait, so that they don't come again meanwhile; no longer than
    /// of one that is handled, see [`progress_limit`](Self::progress_limit).
    pub fn prefetch(mut self, prefetch: usize) -> Self {
        self.spec.prefetch = Some(prefetch);
        self
    }

    /// Begins to handle at most `messages` in each span of `per`, evenly; each instance counts for
    /// itself. 0 messages, or a span of no time, is refused at the start.
    pub fn rate_limit(mut self, messages: u32, per: Duration) -> Self {
        self.spec.rate = Some(Rate { messages, per });
        self
    }

    /// Sets the maximum number of a stream's messages that are unsettled at a time, over all
    /// instances; the default is 1000. On a route without a stream it is refused at the start.
    ///
    /// Those that wait to be tried again count too: when so many wait, nothing new is delivered.
    ///
    /// With 1 a stream's events are handled one after the other by all instances together, in their
    /// order: the next is delivered once the one before it is settled, and one that failed keeps those
    /// behind it. Each costs a round trip to the server.
    pub fn max_ack_pending(mut self, max: u64) -> Self {
        self.spec.max_ack_pending = Some(max);
        self
    }
}

/// Options for acknowledging.
impl<M> Route<M> {
    /// Acknowledges a stream's messages together, after this many were handled or as soon as none
    /// waits, with one word to the server. Most of what a quick handler costs a server are acks.
    ///
    /// Messages are handled in their order, and one that failed keeps those behind it waiting, until
    /// it is handled or put aside. So [`concurrency`](Self::concurrency) must be 1, and there are
    /// neither batches nor keys. One instance reads at a time: others stand by, and take over some
    /// seconds after it has ended.
    ///
    /// What is acknowledged was handled, as ever. After a process has died as many come again as it
    /// had and did not acknowledge, each after its ack wait, which may be behind later ones.
    ///
    /// 0, more than [`max_ack_pending`](Self::max_ack_pending), and what can't be beside it, is
    /// refused at the start, as it is for a work queue's stream and where there is no stream. The
    /// kind of an existing consumer can't be changed; give it another name with
    /// [`durable`](Self::durable).
    pub fn ack_every(mut self, messages: usize) -> Self {
        self.spec.ack_every = Some(messages);
        self
    }
}

/// Options for time limits.
impl<M> Route<M> {
    /// Sets the maximum time that the handler may take for one message. One that takes longer is
    /// dropped, which counts as a failure: a stream's event is retried, an asker gets an error. The
    /// default is without end, and for a stream's event more than [`ack_wait`](Self::ack_wait) is
    /// refused at the start.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.spec.deadline = Some(deadline);
        self
    }

    /// Sets the time that a server waits for word of a stream event before it delivers it again;
    /// the default is 30 s. On a route of other messages it is refused at the start.
    ///
    /// A handler may take longer, also one that blocks its thread, as long as the runtime has another:
    /// after half of this time, and again and again, the server is told that it is still at work.
    pub fn ack_wait(mut self, ack_wait: Duration) -> Self {
        self.spec.ack_wait = Some(ack_wait);
        self
    }

    /// Sets the time for which, from its beginning, a server is told that a handler is still at
    /// work on a stream event; the default is ten times [`ack_wait`](Self::ack_wait), and 0 tells
    /// it never. After that the event comes again, perhaps to another instance, while the handler
    /// goes on.
    ///
    /// Waiting is bounded in the same way, and for an ack wait at least: what could have begun for so
    /// long is given back, for an instance that has room, with what waits behind it under the same
    /// key, and nothing is fetched ahead until it goes on. With a rate limit, in batches and with
    /// [`ack_every`](Self::ack_every) that is so only behind a handler that is not told of any more.
    /// What is deferred waits as long as it was deferred for, and an event without a further attempt
    /// stays: given back it would be put aside untried.
    ///
    /// On a route of other messages it is refused at the start.
    pub fn progress_limit(mut self, limit: Duration) -> Self {
        self.spec.progress_limit = Some(limit);
        self
    }
}

/// Options for what failed.
impl<M> Route<M> {
    /// Sets the policy by which a failed stream event is handled again, and becomes a dead letter;
    /// the default is [`Retry::exponential(12)`](Retry::exponential). On a route of other messages
    /// it is refused at the start.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.spec.retry = Some(retry);
        self
    }

    /// Decides what becomes of a stream event whose handler failed, by the failure: in place of what
    /// [`Failure::verdict`] says. On a route of other messages it is refused at the start.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # use tidings::Verdict;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "payments.failed")]
    /// # struct PaymentFailed { order: u64 }
    /// # async fn refund(_: PaymentFailed, _: Context) -> Result<(), Failure> { Ok(()) }
    /// let route = Route::of::<PaymentFailed>(refund).classify(|failure| {
    ///     match failure.error().downcast_ref::<std::num::ParseIntError>() {
    ///         Some(_) => Verdict::Reject,
    ///         None => failure.verdict(),
    ///     }
    /// });
    /// ```
    pub fn classify(
        mut self,
        classify: impl Fn(&Failure) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.spec.classify = Some(Arc::new(classify));
        self
    }
}

/// Options about what an asker is told.
impl<M> Route<M> {
    /// Tells whoever asked why the handler failed or panicked, with all sources, and not just a
    /// reference to the log: for services whose askers are those who run them, or while developing.
    /// Service discovery shows the last of these texts. On a route of events it is refused at the
    /// start.
    ///
    /// The default is a reference; [`Failure::public`] and [`Failure::tell`] give a text for one
    /// failure.
    pub fn tell_errors(mut self) -> Self {
        self.spec.tells_errors = true;
        self
    }
}

/// Options for what keeps failing.
impl<M> Route<M> {
    /// Pauses the route when its handler keeps failing; the default is never.
    pub fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.spec.breaker = Some(breaker);
        self
    }
}

/// Options for where a consumer begins.
impl<M> Route<M> {
    /// The place in its stream at which the durable consumer begins when it is made; the default is the
    /// stream's beginning, so that a new service handles all that the stream has kept.
    ///
    /// A consumer that is there goes on where it stands, whatever is said here: a restart, or another
    /// version of the service, leaves nothing out. One that was deleted under a running service goes on
    /// behind what was settled.
    ///
    /// On a route without a stream it is refused at the start, and so is all but the beginning in a work
    /// queue.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "orders.created", stream = Orders)]
    /// # struct OrderCreated { order: u64 }
    /// # #[derive(EventStream)]
    /// # #[stream(name = "ORDERS", subjects("orders.>"))]
    /// # struct Orders;
    /// # async fn mail(_: OrderCreated, _: Context) -> Result<(), Failure> { Ok(()) }
    /// // A new mail service does not write to last week's customers.
    /// let route = Route::of::<OrderCreated>(mail).from(DeliverFrom::New);
    /// # let _ = Registry::new("mail").route(route);
    /// ```
    pub fn from(mut self, from: DeliverFrom) -> Self {
        self.spec.from = Some(from);
        self
    }
}

/// Options for names.
impl<M> Route<M> {
    /// The durable consumer's name, instead of `<registry>-<wire name>`, whose dots become `_`.
    /// On a route without a stream it is refused at the start.
    ///
    /// Two registries that give the same name share the consumer, with the policy of the one that
    /// made it; default names of two registries that happen to be the same are refused.
    pub fn durable(mut self, name: impl Into<String>) -> Self {
        self.spec.durable = Some(name.into());
        self
    }

    /// The queue group, instead of the registry's name for an event and `q` for a request. Events of
    /// an enum come under a filter each where their subjects differ, and may overtake each other. On a
    /// route of a stream's events, which its durable consumer shares, it is refused at the start.
    pub fn queue_group(mut self, group: impl Into<String>) -> Self {
        self.spec.queue_group = Some(group.into());
        self
    }
}

impl<M> fmt::Debug for Route<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}
