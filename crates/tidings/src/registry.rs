//! A service: handlers, wired by the types of their messages.

mod answer;
mod control;
mod error;
mod letters;
mod plan;
mod running;
mod serve;
mod survey;

pub use control::{Control, NoRoute, RouteStatus};
pub use error::ServeError;
pub use running::Running;
pub use serve::Serve;
pub use survey::RegistryPlan;

use std::collections::BTreeMap;

use crate::bus::Bus;
use crate::dead_letter::DeadLetterPolicy;
use crate::handler::{Handler, Input};
use crate::route::{Route, RouteSpec};
use crate::topology::Topology;

/// A service: its name, its version and its handlers.
///
/// ```
/// # use tidings::prelude::*;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.created")]
/// # struct UserCreated { name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// async fn welcome(user: UserCreated, _cx: Context) -> Result<(), Failure> {
///     println!("welcome, {}", user.name);
///     Ok(())
/// }
///
/// let bus = Bus::in_memory();
/// let running = Registry::new("mail").handle::<UserCreated>(welcome).start(&bus).await?;
/// bus.publish(&UserCreated { name: "Ada".into() }).await?;
/// running.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing runs before `serve` or `start`"]
pub struct Registry {
    name: String,
    version: String,
    description: String,
    metadata: BTreeMap<String, String>,
    routes: Vec<RouteSpec>,
    dead_letters: DeadLetterPolicy,
    control: Control,
    streams: Topology,
    consumers: Topology,
}

impl Registry {
    /// A service of this name: letters, digits, `-` and `_` (ADR-32). Instances with the same
    /// name share the work.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: "0.0.0".to_owned(),
            description: String::new(),
            metadata: BTreeMap::new(),
            routes: Vec::new(),
            dead_letters: DeadLetterPolicy::default(),
            control: Control::default(),
            streams: Topology::CreateOnly,
            consumers: Topology::Manage,
        }
    }

    /// Its semantic version, such as `1.4.0`; the default is `0.0.0`. Shown by service discovery.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// A sentence about it; shown by service discovery.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Free text by name; shown by service discovery.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// How much it may do to the streams of its events; the default is [`Topology::CreateOnly`],
    /// since others use a stream as well.
    pub fn streams(mut self, mode: Topology) -> Self {
        self.streams = mode;
        self
    }

    /// How much it may do to the durable consumers of its routes; the default is
    /// [`Topology::Manage`], since a consumer belongs to its route. What it keeps or changes are
    /// filters, ack wait, backoff, deliveries and unsettled messages; a consumer goes on where it
    /// stands, wherever a new one would start. No start takes a filter away: see
    /// [`Topology`] for what is left, and [`Bus::apply_consumer`] for how it is done.
    ///
    /// Where two versions ask for different policies, the later [`version`](Self::version)'s holds; of
    /// the same version the one that was asked for first by a start that came later. A consumer has
    /// notes of that (`tidings-…` in its metadata).
    pub fn consumers(mut self, mode: Topology) -> Self {
        self.consumers = mode;
        self
    }

    /// Adds a handler of `M`, run as `M` declares; `M` may also be a [`Batch`](crate::Batch).
    pub fn handle<M: Input>(self, handler: impl Handler<M>) -> Self {
        self.route(Route::of::<M>(handler))
    }

    /// Adds a handler with options.
    pub fn route<M>(mut self, route: Route<M>) -> Self {
        self.routes.push(route.into_spec());
        self
    }

    /// Looks at the streams and durable consumers that it needs, and says what is to be done so
    /// that they are as declared. Nothing is touched. What of it happens at the start is for
    /// [`streams`](Self::streams) and [`consumers`](Self::consumers) to say.
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
    /// # async fn welcome(_: UserCreated, _: Context) -> Result<(), Failure> { Ok(()) }
    /// let registry = Registry::new("mail").handle::<UserCreated>(welcome);
    /// assert_eq!(
    ///     registry.plan(&bus).await?.to_string(),
    ///     "stream USERS: create, for users.>\n\
    ///      consumer mail-users_created of stream USERS: create"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ServeError`] if the registry could never work as it stands, or the server can't be asked.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn plan(&self, bus: &Bus) -> Result<RegistryPlan, ServeError> {
        survey::survey(self, bus.link()).await
    }

    /// Sets the stream for events that its handlers can't handle; the default is a stream of its own,
    /// `<registry>-dead-letters`. [`Bus::dead_letters`] reads them and puts them back.
    pub fn dead_letters(mut self, policy: DeadLetterPolicy) -> Self {
        self.dead_letters = policy;
        self
    }

    /// How its routes are once it runs, and what pauses them; for a registry that is given to
    /// [`serve`](Self::serve).
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Runs on `bus` until [`Serve::with_graceful_shutdown`]'s future ends; without one, for ever.
    ///
    /// # Errors
    /// Awaited, [`ServeError`].
    pub fn serve<'a>(self, bus: &Bus) -> Serve<'a> {
        Serve::new(self, bus.link().clone())
    }

    /// Starts to run on `bus`: when this returns, every handler listens.
    ///
    /// # Errors
    /// [`ServeError`] if the registry could never work as it stands, or the server refuses.
    ///
    /// # Cancel safety
    /// Streams and consumers that were created stay; nothing is left running.
    pub async fn start(self, bus: &Bus) -> Result<Running, ServeError> {
        // Boxed: it is large, and whoever awaits it in a larger future would carry it.
        Box::pin(running::start(self, bus.link().clone())).await
    }
}
