//! Handling messages: the trait of those who do, and of what they take.

mod batch;
mod checked;
mod dispatch;
#[cfg(feature = "tower")]
mod layer;
#[cfg(feature = "tower")]
mod layered;
#[cfg(feature = "tower")]
mod span;
mod typed;
mod watch;

pub(crate) use batch::Mark;
pub use batch::{Batch, BatchItem};
pub(crate) use checked::checked;
pub(crate) use dispatch::{Dispatch, Dispatched, Dispatching, FutureSlot, empty_slot};
#[cfg(feature = "tower")]
pub use layer::{
    BoxError, HandlerError, HandlerFuture, HandlerRequest, HandlerResponse, HandlerService,
};
#[cfg(feature = "tower")]
pub(crate) use layer::{HandlerLayer, erased};
#[cfg(feature = "tower")]
pub(crate) use layered::{layered, layered_watch};
#[cfg(feature = "tower")]
pub use span::{SpanLayer, SpanService};
pub use watch::WatchHandler;
pub(crate) use watch::{WatchDispatch, watching};

use dispatch::Dispatcher;

use crate::context::Context;
use crate::message::{Declaration, Message};

/// Handles messages of one type, or batches of them.
///
/// An event's handler returns `Result<(), Failure>`, a request's `Result<Reply, Error>` with the
/// reply and the error that the request declares. Write it as an `async fn`:
///
/// ```
/// # use tidings::prelude::*;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "orders.{region}.created")]
/// # struct OrderCreated { region: String, total_cents: u64 }
/// struct Invoicing;
///
/// impl Handler<OrderCreated> for Invoicing {
///     async fn handle(&self, order: OrderCreated, _cx: Context) -> Result<(), Failure> {
///         println!("an invoice over {} cents", order.total_cents);
///         Ok(())
///     }
/// }
/// ```
///
/// A handler of a [`Batch`] takes many events at once.
///
/// Async functions and closures that take the message and a [`Context`] are handlers too.
///
/// An event that a stream keeps is delivered at least once: it is acknowledged after the handler
/// returned `Ok`, and comes again after an error, a panic or the end of the process. Handlers
/// should therefore bear being called twice with the same event.
///
/// An event without a stream is handled at most once: a failure is logged, and the event does not
/// come again. A request is answered in any case: with the reply, the declared error, or an error
/// reply that says what went wrong.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{M}`",
    label = "no handler of `{M}`",
    note = "implement `Handler<{M}>` for it, or pass an async closure `|message: {M}, cx: Context| async move {{ … }}`"
)]
pub trait Handler<M: Input>: Send + Sync + 'static {
    /// Does the work for one message.
    ///
    /// # Errors
    /// For an event any error, as a [`Failure`](crate::Failure): it is handled again later, unless
    /// it is a [`Failure::reject`](crate::Failure::reject). For a request the declared error.
    fn handle(
        &self,
        message: M,
        cx: Context,
    ) -> impl Future<Output = Result<M::Reply, M::Error>> + Send;
}

/// Input of a handler: a message that owns its data, or a [`Batch`] of events.
///
/// Implemented for every message that can be received, never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be handled",
    label = "neither an event, nor a request, nor a batch of events",
    note = "derive `Event` for something that happened, or `Request` for something that is asked; one with borrowed fields is for publishing only"
)]
pub trait Input: Sized + Send + 'static {
    /// Result of its handlers: `()` for events, the reply for a request.
    type Reply;
    /// Error of its handlers.
    type Error;

    /// Declarations of the messages.
    #[doc(hidden)]
    const DECLARATIONS: &'static [&'static Declaration];
    /// The messages' wire name.
    #[doc(hidden)]
    const NAME: Option<&'static str>;
    /// The message itself, or what a batch holds.
    #[doc(hidden)]
    type Message: Message;

    /// A handler without its type.
    #[doc(hidden)]
    fn dispatcher(handler: impl Handler<Self>) -> Dispatcher;
}

impl<M, F, Fut> Handler<M> for F
where
    M: Input,
    F: Fn(M, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<M::Reply, M::Error>> + Send,
{
    fn handle(
        &self,
        message: M,
        cx: Context,
    ) -> impl Future<Output = Result<M::Reply, M::Error>> + Send {
        self(message, cx)
    }
}
