//! The bus: a cheap clone that hands out everything else.

mod builder;
mod connect;
mod env;
mod error;

pub use builder::BusBuilder;
pub use error::{CloseError, ConnectError};

use std::time::Duration;

use tokio::time::Instant;

use crate::atomic::AtomicBatch;
use crate::dead_letter::{self, DeadLetters};
use crate::discovery::{self, ServiceInfo};
use crate::draft::Draft;
use crate::header::Headers;
use crate::link::{Link, Patience};
use crate::message::{Decode, Event, Filter, Message, Request, StreamEvent};
use crate::publish::{self, PublishAllError, PublishError};
use crate::publisher::Publisher;
use crate::request::RequestError;
use crate::stream::{EventStream, StreamConfig};
use crate::subscribe::{Consume, Replay, Subscribe, SubscribeError};
use crate::topology::{
    self, ApplyConsumerError, ApplyError, ConsumerPlan, ProvisionError, Provisioned, StreamHandle,
    StreamPlan, Topology,
};
use crate::transport::{DeliverFrom, Transport};

/// How long flushing and closing may take, where nothing else is said.
const CLOSE: Duration = Duration::from_secs(10);

/// A typed event bus: over NATS, or in this process. A cheap clone; all clones share its connections.
///
/// Over NATS there is one connection, and a second one from the first core subscription on: that of
/// [`subscribe`](Self::subscribe), of a route without a stream, or of a registry that service discovery
/// finds. It has the same credentials and goes to the same server. A message that the client can't
/// read ends the connection that it comes on: what anybody may send to a subject that is listened to
/// then disturbs no publish, no request, and no consumer of a stream.
///
/// ```
/// use tidings::prelude::*;
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "users.{country}.created")]
/// struct UserCreated { country: String, name: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// let mut users = bus.subscribe::<UserCreated>().await?;
///
/// bus.publish(&UserCreated { country: "fr".into(), name: "Ada".into() }).await?;
///
/// let user = users.next().await.ok_or("the bus is closed")??;
/// assert_eq!(user.name, "Ada");
/// assert_eq!(user.subject(), "users.fr.created");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Bus {
    link: Link,
}

impl Bus {
    /// A bus over this transport, with these timeouts.
    fn on(transport: Transport, mut patience: Patience) -> Self {
        // Compared once, and not with each publish.
        patience.ack = patience.ack.min(patience.publish);
        Self { link: Link { transport, patience: patience.into(), probe: None } }
    }

    /// A bus that tells a probe of everything that is done through it.
    #[cfg(feature = "testing")]
    pub(crate) fn watched_by(self, probe: std::sync::Arc<dyn crate::probe::Probe>) -> Self {
        Self { link: Link { probe: Some(probe), ..self.link } }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// Publishes an event; one that a stream keeps is stored when this returns.
    ///
    /// # Errors
    /// [`PublishError`]. After [`PublishError::Unconfirmed`] it is unknown whether the stream has
    /// stored the event; publishing it again with the same id stores it once.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the event was published.
    pub async fn publish<E: Event>(&self, event: &E) -> Result<E::Ack, PublishError> {
        publish::publish(&self.link, event, Headers::new(), None).await
    }

    /// Publishes many events, as [`Publisher::publish_all`].
    ///
    /// # Errors
    /// [`PublishAllError`], with the outcome of each event.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown which events were published.
    pub async fn publish_all<E: Event>(
        &self,
        events: impl IntoIterator<Item = E>,
    ) -> Result<Vec<E::Ack>, PublishAllError<E::Ack>> {
        self.publisher().publish_all(events).await
    }

    /// A message with options: headers, an id, expectations, a time to live, a timeout.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.created")]
    /// # struct UserCreated { name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// let user = UserCreated { name: "Ada".into() };
    /// bus.message(&user).header("tenant", "acme").publish().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn message<'a, M: Message>(&'a self, message: &'a M) -> Draft<'a, M> {
        Draft::new(&self.link, message)
    }

    /// A batch of events that one stream stores all together or not at all.
    pub fn atomic(&self) -> AtomicBatch {
        AtomicBatch::new(self.link.clone())
    }

    /// Publishes events of one type, for a hot path.
    pub fn publisher<E: Event>(&self) -> Publisher<E> {
        Publisher::new(self.link.clone())
    }

    /// Listens to an event from now on, at most once for each. Await it, or first make it one of a
    /// queue group.
    ///
    /// # Errors
    /// Awaited, [`SubscribeError`].
    pub fn subscribe<E: Event + Decode>(&self) -> Subscribe<E> {
        self.subscribe_to(E::filter())
    }

    /// Listens to the events whose subject tokens have certain values.
    ///
    /// # Errors
    /// Awaited, [`SubscribeError`], also for a value that can't be a token.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.{country}.created")]
    /// # struct UserCreated { country: String, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// let mut french = bus.subscribe_to(UserCreated::filter().country("fr")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribe_to<F>(&self, filter: F) -> Subscribe<F::Message>
    where
        F: Filter<Message: Event + Decode>,
    {
        Subscribe::new(self.link.clone(), filter.subjects())
    }

    /// Reads a stream's events in order, and goes on with those that follow. Nothing is
    /// acknowledged, and every reader sees all of them.
    ///
    /// # Errors
    /// Awaited, [`SubscribeError`], also where the stream is missing.
    pub fn replay<E: StreamEvent + Decode>(&self, from: DeliverFrom) -> Replay<E> {
        self.replay_of(E::filter(), from)
    }

    /// Replays the events whose subject tokens have certain values.
    ///
    /// # Errors
    /// As [`replay`](Self::replay), also for a value that can't be a token.
    pub fn replay_of<F>(&self, filter: F, from: DeliverFrom) -> Replay<F::Message>
    where
        F: Filter<Message: StreamEvent + Decode>,
    {
        Replay::new(self.link.clone(), filter.subjects(), from)
    }

    /// Opens the durable consumer of this name, and creates it where it is missing. Each message
    /// goes to one of its readers, and comes again until it is settled.
    ///
    /// # Errors
    /// Awaited, [`SubscribeError`], also where the stream is missing, or
    /// where the consumer is there with other filters or another ack wait.
    pub fn consume<E: StreamEvent + Decode>(&self, name: impl Into<String>) -> Consume<E> {
        Consume::new(self.link.clone(), name.into())
    }

    /// Asks, and waits for the reply; 5 s where [`BusBuilder::request_timeout`] says nothing else.
    ///
    /// # Errors
    /// [`RequestError`]. After [`RequestError::Timeout`] it is unknown whether the request was
    /// handled; it is never asked again by itself.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the reply; the request may have been sent.
    pub async fn request<R: Request>(
        &self,
        request: &R,
    ) -> Result<R::Reply, RequestError<R::Declared>> {
        self.message(request).request().await
    }

    /// Asks which services run (ADR-32), Tidings' own and others, and gathers what they answer
    /// within this time: every instance, by name and id.
    ///
    /// How many there are is not known beforehand, so all of the time passes, and no more of it. Of what
    /// is answered at most 1 MiB is read at a time and 64 MiB in all, 10,000 instances and 10,000
    /// endpoints of each; a warning says what was left out. On a connection of
    /// a nearby server 200 ms are much.
    ///
    /// # Errors
    /// [`SubscribeError`] if nobody can be asked.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Request)]
    /// # #[request(subject = "stock.check", reply = u32)]
    /// # struct Check { item: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # let check = |_: Check, _: Context| async { Ok(3) };
    /// # let running = Registry::new("warehouse").handle::<Check>(check).start(&bus).await?;
    /// for service in bus.discover(Duration::from_millis(200)).await? {
    ///     println!("{} {}: {:?}", service.name, service.version, service.round_trip);
    ///     for endpoint in &service.endpoints {
    ///         println!("  {}: {} requests", endpoint.subject, endpoint.requests);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn discover(&self, within: Duration) -> Result<Vec<ServiceInfo>, SubscribeError> {
        discovery::discover(&self.link, within).await
    }

    /// Creates the stream `S` where it is missing. One that is there and keeps the same subjects
    /// is left as it is; what else is different is logged as a warning. [`plan`](Self::plan) and
    /// [`apply`](Self::apply) change it.
    ///
    /// # Errors
    /// [`ProvisionError`], also where it is there and does not keep a declared subject.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the stream was created; calling it again is
    /// safe.
    pub async fn provision<S: EventStream>(&self) -> Result<Provisioned, ProvisionError> {
        topology::provision(&self.link.transport, &S::config(), Topology::CreateOnly).await
    }

    /// Looks at the stream `S` and says what is to be done so that it is as declared. Nothing is
    /// touched.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(EventStream)]
    /// # #[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d")]
    /// # struct Orders;
    /// use tidings::{PlanAction, StreamConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// let mut day = StreamConfig::new("ORDERS", ["orders.>"]);
    /// day.max_age = Some(Duration::from_secs(24 * 3600));
    /// bus.apply(bus.plan_stream(&day).await?).await?;
    ///
    /// let plan = bus.plan::<Orders>().await?;
    /// assert_eq!(plan.to_string(), "stream ORDERS: change\n  max_age: 1d -> 7d");
    /// bus.apply(plan).await?;
    ///
    /// // What would lose messages is refused, unless it is said.
    /// let plan = bus.plan_stream(&day).await?;
    /// assert_eq!(plan.action, PlanAction::Refuse);
    /// bus.apply(plan.allow_data_loss()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ProvisionError`] if the server can't be asked.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn plan<S: EventStream>(&self) -> Result<StreamPlan, ProvisionError> {
        self.plan_stream(&S::config()).await
    }

    /// Plans a stream whose type is not known here: [`StreamConfig::from_json`] reads one.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn plan_stream(&self, wanted: &StreamConfig) -> Result<StreamPlan, ProvisionError> {
        let planned = topology::plan_stream(&self.link.transport, wanted).await;
        planned.map_err(|fault| topology::not_planned(fault, &wanted.name))
    }

    /// Does what a plan says. The stream is looked at again first: if it is not what it was when
    /// the plan was made, nothing is done. Between that look and the change somebody else may
    /// still change it, since NATS has no way to say "only if".
    ///
    /// # Errors
    /// [`ApplyError`], also for a plan that is refused.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the stream was changed; planning again tells.
    pub async fn apply(&self, plan: StreamPlan) -> Result<(), ApplyError> {
        topology::apply(&self.link.transport, plan).await
    }

    /// Does what `Registry::plan` says of a durable consumer, if the consumer still is what it was.
    /// A start does of it what loses nothing; this also takes filters away, where that is said:
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(EventStream)]
    /// # #[stream(name = "USERS", subjects("users.>"))]
    /// # struct Users;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.created", stream = Users)]
    /// # struct UserCreated { name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Users>().await?;
    /// # async fn welcome(_: UserCreated, _: Context) -> Result<(), Failure> { Ok(()) }
    /// # let registry = Registry::new("mail").handle::<UserCreated>(welcome);
    /// for plan in registry.plan(&bus).await?.consumers {
    ///     println!("{plan}");
    ///     bus.apply_consumer(plan.allow_data_loss()).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ApplyConsumerError`]: the plan says no, the consumer was changed meanwhile, or the server
    /// refuses.
    ///
    /// # Cancel safety
    /// If the future is dropped, the consumer may have been changed.
    pub async fn apply_consumer(&self, plan: ConsumerPlan) -> Result<(), ApplyConsumerError> {
        topology::apply_consumer(&self.link.transport, plan).await
    }

    /// The messages that the registry of this name could not handle, in its own dead-letter
    /// stream: `<registry>-dead-letters`.
    pub fn dead_letters(&self, registry: &str) -> DeadLetters {
        self.dead_letters_in(dead_letter::stream_of(registry))
    }

    /// The messages that were put aside in the dead-letter stream of this name.
    pub fn dead_letters_in(&self, stream: impl Into<String>) -> DeadLetters {
        DeadLetters::new(self.link.clone(), stream.into())
    }

    /// The stream `S`: what it holds, and what cleans it up.
    pub fn stream<S: EventStream>(&self) -> StreamHandle<S> {
        StreamHandle::new(self.link.clone())
    }

    /// The size of the largest message that can be published, headers included, in bytes.
    pub fn max_payload(&self) -> usize {
        self.link.transport.max_payload()
    }

    /// Waits until the server has seen everything that was published from here, for up to 10 s.
    ///
    /// # Errors
    /// [`CloseError`] if the server does not answer in time, or did not allow a message that was
    /// published before.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn flush(&self) -> Result<(), CloseError> {
        self.flush_within(CLOSE).await
    }

    async fn flush_within(&self, within: Duration) -> Result<(), CloseError> {
        self.link.transport.barrier(within).await.map_err(CloseError::from)?;
        self.link.transport.denied().map_or(Ok(()), |denial| Err(CloseError::Denied(denial)))
    }

    /// Closes within 10 s, as [`close_within`](Self::close_within).
    ///
    /// # Errors
    /// [`CloseError`] if the server does not take what is left in time.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection open, or half way to being closed.
    pub async fn close(self) -> Result<(), CloseError> {
        self.close_within(CLOSE).await
    }

    /// Sends what is left, then closes the connection for all clones. Shut a registry down before.
    ///
    /// When `deadline` has passed it is closed all the same, also while the server is away: the
    /// connection does not come back, subscriptions end, and nothing is received any more.
    ///
    /// # Errors
    /// [`CloseError`] if the server does not take what is left in time.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection open, or half way to being closed.
    pub async fn close_within(self, deadline: Duration) -> Result<(), CloseError> {
        let begun = Instant::now();
        // It is closed also where the server does not answer; that is the error then.
        let flushed = self.flush_within(deadline).await;
        let left = match &flushed {
            // It answers, or says what it does not allow.
            Ok(()) | Err(CloseError::Denied(_)) => deadline.saturating_sub(begun.elapsed()),
            Err(_) => Duration::ZERO,
        };
        let closed = self.link.transport.close(left).await.map_err(CloseError::from);
        flushed.and(closed)
    }
}
