//! Definition of a service: its name, its handlers, and how far it may change streams and consumers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "metrics")]
use std::time::Duration;

use tidings_contract::Descriptor;
#[cfg(feature = "tower")]
use tower_layer::Layer;
#[cfg(feature = "tower")]
use tower_service::Service;

use super::control::Control;
use super::store_spec::StoreSpec;
use crate::bucket::Bucket;
use crate::dead_letter::DeadLetterPolicy;
#[cfg(feature = "tower")]
use crate::handler::{
    BoxError, HandlerLayer, HandlerRequest, HandlerResponse, HandlerService, erased,
};
use crate::handler::{Handler, Input};
use crate::message::{Declaration, Event, Request};
use crate::route::{Route, RouteSpec, WatchRoute, WatchSpec};
use crate::stream::{Edit, StreamConfig};
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
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: String,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) routes: Vec<RouteSpec>,
    /// Handlers of buckets.
    pub(super) watches: Vec<WatchSpec>,
    pub(super) stores: Vec<StoreSpec>,
    pub(super) publishes: Vec<Named>,
    pub(super) asks: Vec<Named>,
    pub(super) dead_letters: DeadLetterPolicy,
    pub(super) control: Control,
    pub(super) streams: Topology,
    pub(super) consumers: Topology,
    pub(super) stream_edit: StreamEdit,
    #[cfg(feature = "tower")]
    pub(super) layers: Layers,
    /// Interval at which its figures are recorded, if they are.
    #[cfg(feature = "metrics")]
    pub(super) metrics: Option<Duration>,
}

/// Layers around each of its routes, the innermost first.
#[cfg(feature = "tower")]
#[derive(Default)]
pub(super) struct Layers(pub(super) Vec<HandlerLayer>);

#[cfg(feature = "tower")]
impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} layers", self.0.len())
    }
}

/// Changes of its streams.
#[derive(Clone)]
pub(super) struct StreamEdit(pub(super) Option<Edit>);

impl fmt::Debug for StreamEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some(…)" } else { "None" })
    }
}

/// A message that a registry names and does not handle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) declarations: &'static [&'static Declaration],
    pub(super) describe: fn() -> Vec<Descriptor>,
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
            watches: Vec::new(),
            stores: Vec::new(),
            publishes: Vec::new(),
            asks: Vec::new(),
            dead_letters: DeadLetterPolicy::default(),
            control: Control::default(),
            streams: Topology::CreateOnly,
            consumers: Topology::Manage,
            #[cfg(feature = "tower")]
            layers: Layers::default(),
            #[cfg(feature = "metrics")]
            metrics: None,
            stream_edit: StreamEdit(None),
        }
    }

    /// Sets the service's semantic version, such as `1.4.0`; the default is `0.0.0`. Shown by service
    /// discovery.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Sets a sentence about the service, which service discovery shows.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Free text by name; shown by service discovery.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Sets what it may do to the streams of its events, and to its buckets and object stores; the default is [`Topology::CreateOnly`],
    /// since others use a stream as well.
    pub fn streams(mut self, mode: Topology) -> Self {
        self.streams = mode;
        self
    }

    /// Changes the configurations of its streams from what their types declare, where an environment asks for
    /// others: each stream's is given to `change`, which knows it by its `name`. A plan shows what is
    /// declared, and what is used instead.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// let registry = Registry::new("shop").stream_config(|stream| {
    ///     if stream.name == "ORDERS" {
    ///         stream.max_bytes = Some(64 * 1024 * 1024); // staging has small disks
    ///     }
    /// });
    /// ```
    ///
    /// Names and subjects stay: the events are declared for them. So do `duplicate_window` and what allows a
    /// way of publishing (`allow_…`) where others publish: a publisher goes by the declaration. Dead letters
    /// are kept on as many servers as the streams are; [`DeadLetterPolicy`] says otherwise. What
    /// [`BusBuilder::single_node`](crate::BusBuilder::single_node) says comes after this.
    pub fn stream_config(
        mut self,
        change: impl Fn(&mut StreamConfig) + Send + Sync + 'static,
    ) -> Self {
        self.stream_edit = StreamEdit(Some(Arc::new(change)));
        self
    }

    /// Sets what it may do to the durable consumers of its routes; the default is
    /// [`Topology::Manage`], since a consumer belongs to its route. What it keeps or changes are
    /// filters, ack wait, backoff, deliveries and unsettled messages; a consumer goes on where it
    /// stands, wherever a new one would start. No start takes a filter away: see [`Topology`] for
    /// what is left, and [`Bus::apply_consumer`](crate::Bus::apply_consumer) for how it is done.
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

    /// Adds a handler of what becomes of a bucket: [`Route::watch`].
    pub fn watch<V: Bucket>(mut self, route: WatchRoute<V>) -> Self {
        self.watches.push(route.into_spec());
        self
    }

    /// Puts a [`tower::Layer`](tower_layer::Layer) around every handler of the registry, also those added
    /// later and those of buckets, and around the layers of their routes. Each route has services of its own: a limit of 8
    /// is one of 8 for each route, unless the layer itself shares it.
    ///
    /// A layer given later is around those given before. Each `layer` asks only its own services whether they
    /// are ready, so layers that go by readiness, such as a load shed over a concurrency limit, belong in
    /// one stack of tower's `ServiceBuilder`.
    #[cfg(feature = "tower")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandlerService> + Send + Sync + 'static,
        L::Service:
            Service<HandlerRequest, Response = HandlerResponse> + Clone + Send + Sync + 'static,
        <L::Service as Service<HandlerRequest>>::Error: Into<BoxError>,
        <L::Service as Service<HandlerRequest>>::Future: Send + 'static,
    {
        self.layers.0.push(erased(layer));
        self
    }

    /// Records the figures of its routes so often, and a last time as it shuts down, with the recorder of
    /// the crate [`metrics`], which the program installs before the registry starts. On a bus
    /// [`with_metrics`](crate::Bus::with_metrics) that is done for each registry; this says another pace. The
    /// guide's page [`metrics`](crate::guide::metrics) lists them.
    ///
    /// How far durable consumers are behind the server is asked, once for each of them each time, so
    /// choose seconds rather than milliseconds; less than 1 ms counts as 1 ms.
    #[cfg(feature = "metrics")]
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn metrics(mut self, every: Duration) -> Self {
        self.metrics = Some(every);
        self
    }

    /// Says that its handlers, or whatever else the service does, publish `E`, for its
    /// [`catalog`](Self::catalog). This documents and no more: what is published is neither checked nor
    /// restricted.
    pub fn publishes<E: Event>(mut self) -> Self {
        self.publishes.push(Named { declarations: E::DECLARATIONS, describe: E::descriptors });
        self
    }

    /// Says that its handlers, or whatever else the service does, ask `R`, for its
    /// [`catalog`](Self::catalog). This documents and no more: what is asked is neither checked nor
    /// restricted.
    pub fn asks<R: Request>(mut self) -> Self {
        self.asks.push(Named { declarations: R::DECLARATIONS, describe: R::descriptors });
        self
    }

    /// Sets the stream for events that its handlers can't handle; the default is a stream of its own,
    /// `<registry>-dead-letters`. [`Bus::dead_letters`](crate::Bus::dead_letters) reads them and puts
    /// them back.
    pub fn dead_letters(mut self, policy: DeadLetterPolicy) -> Self {
        self.dead_letters = policy;
        self
    }

    /// Control over its routes once it runs: it shows their states, and pauses them; for a registry
    /// that is given to [`serve`](Self::serve).
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}
