//! A span of `tracing` around each handler.

use std::fmt;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_util::TryFutureExt as _;
use futures_util::future::InspectErr;
use tower_layer::Layer;
use tower_service::Service;
use tracing::field::{Empty, display};
use tracing::instrument::{Instrument as _, Instrumented};
use tracing::{Span, info_span};

use super::layer::HandlerRequest;

/// Function that is given each span before the handler runs in it.
type OnBegin = Arc<dyn Fn(&HandlerRequest, &Span) + Send + Sync>;

/// Layer that runs each handler in a `tracing` span `handle` at the level `INFO`.
///
/// Its fields have the names of OpenTelemetry's conventions for messaging: `messaging.system`,
/// `messaging.operation.name` and `.type` (both `process`), `messaging.destination.name` and `.template`,
/// `messaging.consumer.group.name` (the durable consumer), `messaging.message.id`,
/// `messaging.message.body.size` and `messaging.batch.message_count` (of batches). Beside them stand `otel.name`
/// and `otel.kind`, which the crate `tracing-opentelemetry` reads, `tidings.route` and `tidings.attempt`. A
/// failure is recorded as `error`, and as the `otel.status_code` `ERROR`.
///
/// On a bus that makes spans of OpenTelemetry itself, that of the message is active while the handler runs, and so
/// `tracing-opentelemetry` makes it the parent of this one, which is called `handle …` there and is an internal one.
///
/// ```
/// # use tidings::prelude::*;
/// use tidings::SpanLayer;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.created")]
/// # struct UserCreated { name: String }
/// # let welcome = |_: UserCreated, _: Context| async { Ok(()) };
/// let registry = Registry::new("mail").handle::<UserCreated>(welcome).layer(SpanLayer::new());
/// ```
///
/// No field is made while nobody listens to the span.
#[derive(Clone, Default)]
pub struct SpanLayer {
    on_begin: Option<OnBegin>,
}

impl SpanLayer {
    /// A layer of spans.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls this with each span before its handler runs, such as to make the trace of the message's
    /// `traceparent` header its parent, as `tracing-opentelemetry` does with `Span::set_parent`.
    #[must_use]
    pub fn on_begin(
        mut self,
        call: impl Fn(&HandlerRequest, &Span) + Send + Sync + 'static,
    ) -> Self {
        self.on_begin = Some(Arc::new(call));
        self
    }
}

impl fmt::Debug for SpanLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for SpanLayer {
    type Service = SpanService<S>;

    fn layer(&self, inner: S) -> SpanService<S> {
        SpanService { inner, on_begin: self.on_begin.clone() }
    }
}

/// Service of a [`SpanLayer`].
#[derive(Clone)]
pub struct SpanService<S> {
    inner: S,
    on_begin: Option<OnBegin>,
}

impl<S> fmt::Debug for SpanService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanService").finish_non_exhaustive()
    }
}

impl<S> Service<HandlerRequest> for SpanService<S>
where
    S: Service<HandlerRequest>,
    S::Error: fmt::Display,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Instrumented<InspectErr<S::Future, fn(&S::Error)>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HandlerRequest) -> Self::Future {
        let span = span(&request);
        if let Some(on_begin) = &self.on_begin
            && !span.is_disabled()
        {
            on_begin(&request, &span);
        }
        // What a service does before it gives its future belongs to the span, too.
        let work = span.in_scope(|| self.inner.call(request));
        let failed: fn(&S::Error) = failed;
        work.inspect_err(failed).instrument(span)
    }
}

fn span(request: &HandlerRequest) -> Span {
    // The span that the bus makes is around this one.
    let is_inner = request.context().has_span();
    let (operation, kind) = if is_inner { ("handle", "internal") } else { ("process", "consumer") };
    let span = info_span!(
        "handle",
        otel.name = %format_args!("{operation} {}", request.template()),
        otel.kind = kind,
        otel.status_code = Empty,
        messaging.system = "nats",
        messaging.operation.name = "process",
        "messaging.operation.type" = "process",
        messaging.destination.name = request.subject(),
        messaging.destination.template = request.template(),
        messaging.consumer.group.name = Empty,
        messaging.message.id = Empty,
        messaging.message.body.size = request.payload_size(),
        messaging.batch.message_count = Empty,
        tidings.route = request.route(),
        tidings.attempt = request.attempt(),
        error = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    if let Some(consumer) = request.context().consumer() {
        span.record("messaging.consumer.group.name", consumer);
    }
    if let Some(id) = request.context().message_id() {
        span.record("messaging.message.id", id);
    }
    if request.is_batch() {
        span.record("messaging.batch.message_count", request.messages());
    }
    span
}

/// Says in the span of a handler that it failed.
fn failed<E: fmt::Display>(error: &E) {
    let span = Span::current();
    span.record("otel.status_code", "ERROR");
    span.record("error", display(error));
}
