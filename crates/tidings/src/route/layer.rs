//! Layers of tower around a route's handler.

use tower_layer::Layer;
use tower_service::Service;

use super::Route;
use super::watch::WatchRoute;
use crate::handler::{BoxError, HandlerRequest, HandlerResponse, HandlerService, erased};

/// Around the handler.
impl<M> Route<M> {
    /// Puts a [`tower::Layer`](tower_layer::Layer) around the handler: any that makes a service of
    /// [`HandlerRequest`]s from a [`HandlerService`]. The route's deadline is around all of its layers.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// use tower::ServiceBuilder;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "payments.failed")]
    /// # struct PaymentFailed { order: u64 }
    /// # let refunds = |_: PaymentFailed, _: Context| async { Ok(()) };
    /// let layers = ServiceBuilder::new().load_shed().concurrency_limit(8);
    /// let route = Route::of::<PaymentFailed>(refunds).layer(layers).layer(
    ///     tower::timeout::TimeoutLayer::new(Duration::from_secs(2)),
    /// );
    /// ```
    ///
    /// A layer's refusal is a failure of the message, as if the handler had failed with the layer's
    /// error: it is tried again as [`retry`](Self::retry) says, unless the error is a
    /// [`HandlerError`](crate::HandlerError) that says otherwise or [`classify`](Self::classify) does.
    ///
    /// A layer given later is around those given before. Each `layer` asks only its own services whether they
    /// are ready, so layers that go by readiness, such as a load shed over a concurrency limit, belong in
    /// one stack of tower's `ServiceBuilder`.
    #[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandlerService> + Send + Sync + 'static,
        L::Service:
            Service<HandlerRequest, Response = HandlerResponse> + Clone + Send + Sync + 'static,
        <L::Service as Service<HandlerRequest>>::Error: Into<BoxError>,
        <L::Service as Service<HandlerRequest>>::Future: Send + 'static,
    {
        self.spec.layers.push(erased(layer));
        self
    }
}

/// Around the handler.
impl<V> WatchRoute<V> {
    /// Puts a [`tower::Layer`](tower_layer::Layer) around the handler, as [`Route::layer`] does. It sees each
    /// change, and also [`Current`](crate::WatchEvent::Current) and
    /// [`Resynchronised`](crate::WatchEvent::Resynchronised), which have no subject and no payload. A value that
    /// is not of the bucket's type reaches no layer. The route's deadline is around all of its layers.
    ///
    /// A layer's refusal is a failure, as if the handler had failed with the layer's error: the same comes again as
    /// [`retry`](Self::retry) says, and what follows waits for it.
    #[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandlerService> + Send + Sync + 'static,
        L::Service:
            Service<HandlerRequest, Response = HandlerResponse> + Clone + Send + Sync + 'static,
        <L::Service as Service<HandlerRequest>>::Error: Into<BoxError>,
        <L::Service as Service<HandlerRequest>>::Future: Send + 'static,
    {
        self.spec.layers.push(erased(layer));
        self
    }
}
