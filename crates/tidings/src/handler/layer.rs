//! Layers of tower around a handler: the request that they see, and the service that they wrap.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::dispatch::FutureSlot;
use crate::context::Context;
use crate::failure::Failure;
use crate::header::Headers;
use crate::message::Outcome;

/// Error of a service that layers make, as tower has it.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Layer of any type, which is given a route's service when the registry starts.
pub(crate) type HandlerLayer = Arc<dyn Fn(HandlerService) -> HandlerService + Send + Sync>;

/// Message that is about to be handled, as a [`tower::Layer`](tower_layer::Layer) sees it.
///
/// Decoding came before: a message that can't be decoded never reaches a layer. Its handler runs when the innermost
/// service is called with it, and does not run if that never happens. It can't be cloned: whether a message
/// is handled again is for the route's [`Retry`](crate::Retry).
pub struct HandlerRequest {
    pub(super) cx: Context,
    pub(super) route: Arc<str>,
    /// Wire name and template of the message, where they are known.
    pub(super) of: Option<(&'static str, &'static str)>,
    /// Number of messages, where it is a batch.
    pub(super) batch: Option<usize>,
    pub(super) payload: usize,
    pub(super) work: FutureSlot,
}

impl HandlerRequest {
    /// Context of the message, which knows its headers, its attempt and its place in a stream; beside a
    /// batch that of the batch.
    pub fn context(&self) -> &Context {
        &self.cx
    }

    /// Name of the route: the wire name of what it handles, an unnamed enum's type name, or the stream of the
    /// bucket that it watches.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// Wire name of the message, such as `orders.created`; beside a batch that of its first event, and beside
    /// the change of a bucket that of its stream.
    pub fn message(&self) -> &'static str {
        self.of.map_or("", |(name, _)| name)
    }

    /// Template of the message's subject, such as `orders.{region}.created`; of a bucket's keys all of them,
    /// `$KV.sessions.>`.
    pub fn template(&self) -> &'static str {
        self.of.map_or("", |(_, template)| template)
    }

    /// Concrete subject that the message came on; beside a batch that of its first event, and empty where a
    /// watch says that all is told, or told anew.
    pub fn subject(&self) -> &str {
        self.cx.subject()
    }

    /// Headers of the message; a batch has none.
    pub fn headers(&self) -> &Headers {
        self.cx.headers()
    }

    /// Number of this delivery of the message, from 1.
    pub fn attempt(&self) -> u64 {
        self.cx.attempt()
    }

    /// Size of the payload in bytes; of a batch that of all its events.
    pub fn payload_size(&self) -> usize {
        self.payload
    }

    /// Number of messages: 1, or as many as the batch has.
    pub fn messages(&self) -> usize {
        self.batch.unwrap_or(1)
    }

    /// Returns `true` if it is a batch, also of one event.
    pub fn is_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// Puts a value beside the message, which its handler reads with [`Context::get`]. One of the same type
    /// is replaced. Beside a batch it is in the batch's context.
    pub fn insert<T: Any + Clone + Send + Sync>(&self, value: T) {
        self.cx.insert(value);
    }
}

impl fmt::Debug for HandlerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerRequest")
            .field("route", &self.route)
            .field("message", &self.message())
            .field("subject", &self.subject())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

/// Result of a handler that did its work: an event was handled, or a request has its reply or its declared
/// error.
#[derive(Debug)]
pub struct HandlerResponse(pub(super) Outcome);

impl HandlerResponse {
    /// Text of the declared error with which a request is answered; `None` for a reply and for an event.
    pub fn declared_error(&self) -> Option<&str> {
        match &self.0 {
            Outcome::Declared { description, .. } => Some(description),
            _ => None,
        }
    }
}

/// Failure of a handler as an error of tower: what the innermost service gives.
///
/// A layer that refuses a message and has more to say than *try again* gives one as well:
/// `HandlerError::from(Failure::reject("…"))`. Every other error of a layer means
/// [`Failure::retry`], which a route's [`classify`](crate::Route::classify) can judge.
#[derive(Debug)]
pub struct HandlerError(Failure);

impl HandlerError {
    /// Failure of the handler.
    pub fn failure(&self) -> &Failure {
        &self.0
    }

    /// Failure of the handler, taken out.
    pub fn into_failure(self) -> Failure {
        self.0
    }
}

impl From<Failure> for HandlerError {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An error without a source of its own: its text has those of its sources already.
impl Error for HandlerError {}

/// Handler as a service of tower, which a layer wraps. It is always ready.
#[derive(Clone)]
pub struct HandlerService(Stack);

#[derive(Clone)]
enum Stack {
    /// The handler itself, whose work is in the request.
    Handler,
    Layered(Arc<dyn ErasedService>),
}

impl HandlerService {
    pub(super) fn handler() -> Self {
        Self(Stack::Handler)
    }

    /// Lays the work of the request into a slot.
    pub(super) fn begin(&self, request: HandlerRequest, slot: &mut FutureSlot) {
        match &self.0 {
            Stack::Handler => *slot = request.work,
            Stack::Layered(service) => service.begin(request, slot),
        }
    }

    /// The work of the request of what is answered to nobody.
    pub(super) fn work(
        &self,
        request: HandlerRequest,
    ) -> impl Future<Output = Result<(), Failure>> + Send + 'static {
        let mut slot = super::dispatch::empty_slot();
        self.begin(request, &mut slot);
        async move {
            match slot.get_pin().await {
                Outcome::Failed(failure) => Err(failure),
                _ => Ok(()),
            }
        }
    }
}

impl fmt::Debug for HandlerService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerService")
    }
}

impl Service<HandlerRequest> for HandlerService {
    type Response = HandlerResponse;
    type Error = BoxError;
    type Future = HandlerFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HandlerRequest) -> HandlerFuture {
        HandlerFuture(match &self.0 {
            Stack::Handler => request.work,
            Stack::Layered(service) => {
                let mut slot = super::dispatch::empty_slot();
                service.begin(request, &mut slot);
                slot
            }
        })
    }
}

/// Handler at work.
#[must_use = "a future does nothing unless it is polled"]
pub struct HandlerFuture(FutureSlot);

impl Future for HandlerFuture {
    type Output = Result<HandlerResponse, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.poll(cx).map(|outcome| match outcome {
            Outcome::Failed(failure) => Err(HandlerError(failure).into()),
            done => Ok(HandlerResponse(done)),
        })
    }
}

impl fmt::Debug for HandlerFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerFuture")
    }
}

/// Service that layers have made, without its type.
trait ErasedService: Send + Sync {
    fn begin(&self, request: HandlerRequest, slot: &mut FutureSlot);
}

/// Service that a layer has made.
struct Layered<S>(S);

impl<S> ErasedService for Layered<S>
where
    S: Service<HandlerRequest, Response = HandlerResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn begin(&self, request: HandlerRequest, slot: &mut FutureSlot) {
        let mut service = self.0.clone();
        slot.set(async move {
            if let Err(error) = poll_fn(|cx| service.poll_ready(cx)).await {
                return Outcome::Failed(failure(error.into()));
            }
            match service.call(request).await {
                Ok(HandlerResponse(outcome)) => outcome,
                Err(error) => Outcome::Failed(failure(error.into())),
            }
        });
    }
}

/// Failure that an error stands for: a handler's own, or that of a layer that refused.
fn failure(error: BoxError) -> Failure {
    match error.downcast::<HandlerError>() {
        Ok(own) => own.into_failure(),
        Err(refusal) => Failure::retry(refusal),
    }
}

/// Layer without its type.
pub(crate) fn erased<L>(layer: L) -> HandlerLayer
where
    L: Layer<HandlerService> + Send + Sync + 'static,
    L::Service: Service<HandlerRequest, Response = HandlerResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<HandlerRequest>>::Error: Into<BoxError>,
    <L::Service as Service<HandlerRequest>>::Future: Send + 'static,
{
    Arc::new(move |inner| HandlerService(Stack::Layered(Arc::new(Layered(layer.layer(inner))))))
}
