//! Typed handlers: each message is decoded and handled, and its result told without types.

use std::marker::PhantomData;
use std::sync::Arc;

use super::batch::{Batch, BatchItem, Mark};
use super::dispatch::{Dispatch, DispatchBatch, Dispatched, Dispatcher, Dispatching, FutureSlot};
use super::{Handler, Input};
use crate::context::Context;
use crate::envelope::{self, DecodeError};
use crate::failure::Failure;
use crate::message::{Declaration, Decode, Event, Message};
use crate::transport::Incoming;

#[diagnostic::do_not_recommend]
impl<M: Decode> Input for M {
    type Reply = <M as Message>::Reply;
    type Error = <M as Message>::Error;
    type Message = M;

    const DECLARATIONS: &'static [&'static Declaration] = <M as Message>::DECLARATIONS;
    const NAME: Option<&'static str> = <M as Message>::NAME;

    fn dispatcher(handler: impl Handler<Self>) -> Dispatcher {
        Dispatcher(Dispatching::Each(Arc::new(Typed::<M, _>::new(handler))))
    }
}

impl<E: Event + Decode> Input for Batch<E> {
    type Reply = ();
    type Error = Failure;
    type Message = E;

    const DECLARATIONS: &'static [&'static Declaration] = <E as Message>::DECLARATIONS;
    const NAME: Option<&'static str> = <E as Message>::NAME;

    fn dispatcher(handler: impl Handler<Self>) -> Dispatcher {
        Dispatcher(Dispatching::Batch(Arc::new(TypedBatch::<E, _>::new(handler))))
    }
}

/// A handler of `M`.
struct Typed<M, H> {
    handler: Arc<H>,
    message: PhantomData<fn(M)>,
}

impl<M, H> Typed<M, H> {
    fn new(handler: H) -> Self {
        Self { handler: Arc::new(handler), message: PhantomData }
    }
}

impl<M: Decode, H: Handler<M>> Dispatch for Typed<M, H> {
    fn dispatch(
        &self,
        incoming: &Incoming,
        cx: Context,
        slot: &mut FutureSlot,
    ) -> Result<(), DecodeError> {
        let message = envelope::decode::<M>(incoming)?;
        let handler = Arc::clone(&self.handler);
        let reads_back = cx.reads_back();
        slot.set(async move { M::outcome(handler.handle(message, cx).await, reads_back) });
        Ok(())
    }
}

/// A handler of batches of `E`.
struct TypedBatch<E, H> {
    handler: Arc<H>,
    event: PhantomData<fn(E)>,
}

impl<E, H> TypedBatch<E, H> {
    fn new(handler: H) -> Self {
        Self { handler: Arc::new(handler), event: PhantomData }
    }
}

impl<E: Event + Decode, H: Handler<Batch<E>>> DispatchBatch for TypedBatch<E, H> {
    fn dispatch(&self, messages: Vec<(&Incoming, Context)>, cx: Context) -> Dispatched {
        let mut batch = Vec::with_capacity(messages.len());
        let decode = |(incoming, cx): (&Incoming, Context)| {
            let event = envelope::decode::<E>(incoming)?;
            let mark = Mark::default();
            batch.push(BatchItem::new(event, cx, mark.clone()));
            Ok(mark)
        };
        let items = messages.into_iter().map(decode).collect();
        if batch.is_empty() {
            return Dispatched { items, work: None };
        }
        let handler = Arc::clone(&self.handler);
        let work = async move { handler.handle(Batch::new(batch), cx).await };
        Dispatched { items, work: Some(Box::pin(work)) }
    }
}
