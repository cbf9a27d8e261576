//! Handlers of all types behind one: decode, handle, and say what the result means.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use tokio_util::sync::ReusableBoxFuture;

use super::batch::{Batch, BatchItem, Mark};
use crate::context::Context;
use crate::envelope::{self, DecodeError};
use crate::failure::Failure;
use crate::handler::Handler;
use crate::message::{Decode, Event, Outcome};
use crate::transport::Incoming;

/// A handler at work.
type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Slot for a handler's future: the memory stays, and the next message's work is laid into it.
pub(crate) type FutureSlot = ReusableBoxFuture<'static, Outcome>;

/// A desk on which nothing was laid yet; it takes no memory.
pub(crate) fn empty_slot() -> FutureSlot {
    ReusableBoxFuture::new(std::future::pending())
}

/// A handler, its types erased.
pub(crate) trait Dispatch: Send + Sync {
    /// Decodes a message and lays the handler's work on it upon the desk.
    fn dispatch(
        &self,
        incoming: &Incoming,
        cx: Context,
        slot: &mut FutureSlot,
    ) -> Result<(), DecodeError>;
}

/// Erased handler of batches.
pub(crate) trait DispatchBatch: Send + Sync {
    /// Decodes each message with its context; `cx` is that of the batch.
    fn dispatch(&self, messages: Vec<(&Incoming, Context)>, cx: Context) -> Dispatched<'_>;
}

/// A batch that was decoded.
pub(crate) struct Dispatched<'a> {
    /// For each message where its mark will be, or why it is not in the batch.
    pub(crate) items: Vec<Result<Mark, DecodeError>>,
    /// The handler at work; `None` if nothing could be decoded.
    pub(crate) work: Option<Work<'a, Result<(), Failure>>>,
}

/// A handler of `M`.
pub(crate) struct Typed<M, H> {
    handler: Arc<H>,
    message: PhantomData<fn(M)>,
}

impl<M, H> Typed<M, H> {
    pub(crate) fn new(handler: H) -> Self {
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
pub(crate) struct TypedBatch<E, H> {
    handler: H,
    event: PhantomData<fn(E)>,
}

impl<E, H> TypedBatch<E, H> {
    pub(crate) fn new(handler: H) -> Self {
        Self { handler, event: PhantomData }
    }
}

impl<E: Event + Decode, H: Handler<Batch<E>>> DispatchBatch for TypedBatch<E, H> {
    fn dispatch(&self, messages: Vec<(&Incoming, Context)>, cx: Context) -> Dispatched<'_> {
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
        let work = self.handler.handle(Batch::new(batch), cx);
        Dispatched { items, work: Some(Box::pin(work)) }
    }
}
