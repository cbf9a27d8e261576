//! Input of a handler: a message, or a batch of events.

use std::sync::Arc;

use super::Handler;
use super::batch::Batch;
use super::dispatch::{Dispatch, DispatchBatch, Typed, TypedBatch};
use crate::failure::Failure;
use crate::message::{Declaration, Decode, Event, Message};

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
    /// Their wire name.
    #[doc(hidden)]
    const NAME: Option<&'static str>;

    /// A handler without its type.
    #[doc(hidden)]
    fn dispatcher(handler: impl Handler<Self>) -> Dispatcher;
}

/// A handler without its type: one that takes each message, or one that takes batches.
#[doc(hidden)]
#[derive(Clone)]
pub struct Dispatcher(pub(crate) Dispatching);

#[derive(Clone)]
pub(crate) enum Dispatching {
    Each(Arc<dyn Dispatch>),
    Batch(Arc<dyn DispatchBatch>),
}

#[diagnostic::do_not_recommend]
impl<M: Decode> Input for M {
    type Reply = <M as Message>::Reply;
    type Error = <M as Message>::Error;

    const DECLARATIONS: &'static [&'static Declaration] = <M as Message>::DECLARATIONS;
    const NAME: Option<&'static str> = <M as Message>::NAME;

    fn dispatcher(handler: impl Handler<Self>) -> Dispatcher {
        Dispatcher(Dispatching::Each(Arc::new(Typed::<M, _>::new(handler))))
    }
}

impl<E: Event + Decode> Input for Batch<E> {
    type Reply = ();
    type Error = Failure;

    const DECLARATIONS: &'static [&'static Declaration] = <E as Message>::DECLARATIONS;
    const NAME: Option<&'static str> = <E as Message>::NAME;

    fn dispatcher(handler: impl Handler<Self>) -> Dispatcher {
        Dispatcher(Dispatching::Batch(Arc::new(TypedBatch::<E, _>::new(handler))))
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dispatcher")
    }
}
