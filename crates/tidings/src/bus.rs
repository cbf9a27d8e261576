//! The bus: a cheap clone that hands out everything else.

mod builder;
mod close;
mod config;
mod connect;
mod connection;
mod env;
mod error;
#[cfg(feature = "metrics")]
mod metrics;
mod record;
mod stored;
mod survey;
mod topology;

pub use builder::BusBuilder;
pub use config::{BusConfig, ConfigError, Secret};
pub use error::{CloseError, ConnectError};

use std::sync::Arc;

use crate::atomic::AtomicBatch;
use crate::cloud_event::CloudEvents;
use crate::draft::Draft;
use crate::header::Headers;
use crate::link::{Link, Timeouts};
use crate::message::{Decode, Event, Filter, Message, Request, StreamEvent};
use crate::publish::{self, PublishAllError, PublishError};
use crate::publisher::Publisher;
use crate::request::RequestError;
use crate::stream::Environment;
use crate::subscribe::{Consume, Replay, Subscribe, SubscribeRaw};
use crate::traces::Tracing;
use crate::transport::{DeliverFrom, Transport};

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
    fn on(transport: Transport, mut timeouts: Timeouts) -> Self {
        // Compared once, and not with each publish.
        timeouts.ack = timeouts.ack.min(timeouts.publish);
        Self {
            link: Link {
                transport,
                timeouts: timeouts.into(),
                environment: Arc::default(),
                cloud_events: None,
                traces: Tracing::default(),
                observers: None,
                pulse: Arc::default(),
            },
        }
    }

    /// A bus that publishes CloudEvents, if it is to.
    fn publishing(mut self, cloud_events: Option<CloudEvents>) -> Self {
        self.link.cloud_events = cloud_events;
        self
    }

    /// A bus that makes declared streams as they fit this environment.
    fn fitting(mut self, environment: Environment) -> Self {
        self.link.environment = environment.into();
        self
    }

    /// A bus that makes spans, if it is to.
    fn tracing(mut self, traces: Tracing) -> Self {
        self.link.traces = traces;
        self
    }

    /// A bus that tells a probe of everything that is done through it.
    #[cfg(feature = "testing")]
    pub(crate) fn observed_by(self, probe: Arc<dyn crate::probe::Probe>) -> Self {
        let mut observers = self.link.observers.as_deref().cloned().unwrap_or_default();
        observers.probe = Some(probe);
        Self { link: Link { observers: Some(observers.into()), ..self.link } }
    }

    /// A bus over the same connections, whose messages are published as CloudEvents: events and requests,
    /// those of its publishers, batches and registries too. Replies are not, and a
    /// [`Draft::cloud_event`] says another way for one message.
    #[must_use]
    pub fn with_cloud_events(&self, cloud_events: CloudEvents) -> Self {
        Self { link: Link { cloud_events: Some(cloud_events), ..self.link.clone() } }
    }

    /// A bus over the same connections that makes spans of OpenTelemetry for what is published, asked and handled
    /// through it, and by its publishers, batches and registries. A guide page tells which:
    /// [`guide::tracing`](crate::guide::tracing).
    #[cfg(feature = "opentelemetry")]
    #[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
    #[must_use]
    pub fn with_traces(&self, traces: crate::traces::Traces) -> Self {
        Self { link: Link { traces: Tracing::new(traces), ..self.link.clone() } }
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
        publish::publish(&self.link, event, Headers::new()).await
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
    /// Awaited, [`SubscribeError`](crate::SubscribeError).
    pub fn subscribe<E: Event + Decode>(&self) -> Subscribe<E> {
        self.subscribe_to(E::filter())
    }

    /// Listens to the events whose subject tokens have certain values.
    ///
    /// # Errors
    /// Awaited, [`SubscribeError`](crate::SubscribeError), also for a value that can't be a token.
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

    /// Listens to all that comes under a subject filter, whatever it is: for audits, bridges and tails.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.{country}.created")]
    /// # struct UserCreated { country: String, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// let mut all = bus.subscribe_raw("users.>").await?;
    /// bus.publish(&UserCreated { country: "fr".into(), name: "Ada".into() }).await?;
    /// let message = all.next().await.ok_or("the bus is closed")??;
    /// println!("{} {:?}: {} bytes", message.subject, message.headers, message.payload.len());
    /// # assert_eq!(message.decode::<UserCreated>()?.name, "Ada");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Awaited, [`SubscribeError`](crate::SubscribeError), also for what is no subject filter.
    pub fn subscribe_raw(&self, filter: impl Into<String>) -> SubscribeRaw {
        SubscribeRaw::new(self.link.clone(), filter.into())
    }

    /// Reads a stream's events in order, and goes on with those that follow. Nothing is
    /// acknowledged, and every reader sees all of them.
    ///
    /// # Errors
    /// Awaited, [`SubscribeError`](crate::SubscribeError), also where the stream is missing.
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
    /// Awaited, [`SubscribeError`](crate::SubscribeError), also where the stream is missing, or
    /// where the consumer is there with other filters or another ack wait.
    pub fn consume<E: StreamEvent + Decode>(&self, name: impl Into<String>) -> Consume<E> {
        self.consume_of(E::filter(), name)
    }

    /// Opens the durable consumer of the events whose subject tokens have certain values. Consumers of
    /// different filters need different names.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "orders.{region}.created", stream = Orders)]
    /// # struct OrderCreated { region: String, order: u64 }
    /// # #[derive(EventStream)]
    /// # #[stream(name = "ORDERS", subjects("orders.>"))]
    /// # struct Orders;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Orders>().await?;
    /// let european = OrderCreated::filter().region("eu");
    /// let mut orders = bus.consume_of(european, "billing-eu").max_deliver(5).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`consume`](Self::consume), also for a value that can't be a token.
    pub fn consume_of<F>(&self, filter: F, name: impl Into<String>) -> Consume<F::Message>
    where
        F: Filter<Message: StreamEvent + Decode>,
    {
        Consume::new(self.link.clone(), name.into(), filter.subjects())
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

    /// The size of the largest message that can be published, headers included, in bytes.
    pub fn max_payload(&self) -> usize {
        self.link.transport.max_payload()
    }
}
