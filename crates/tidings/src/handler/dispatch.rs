//! Handlers of all types behind one, as the runner sees them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use tokio_util::sync::ReusableBoxFuture;

use super::batch::Mark;
use crate::context::Context;
use crate::envelope::DecodeError;
use crate::failure::Failure;
use crate::message::Outcome;
use crate::transport::Incoming;

/// A handler at work.
type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Slot for a handler's future: the memory stays, and the next message's work is laid into it.
pub(crate) type FutureSlot = ReusableBoxFuture<'static, Outcome>;

/// An empty slot, which takes no memory.
pub(crate) fn empty_slot() -> FutureSlot {
    ReusableBoxFuture::new(std::future::pending())
}

/// A handler, its types erased.
pub(crate) trait Dispatch: Send + Sync {
    /// Decodes a message, and puts the future of its handler into the slot.
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
    fn dispatch(&self, messages: Vec<(&Incoming, Context)>, cx: Context) -> Dispatched;
}

/// A batch that was decoded.
pub(crate) struct Dispatched {
    /// For each message the mark that it will have, or the reason why it is not in the batch.
    pub(crate) items: Vec<Result<Mark, DecodeError>>,
    /// The handler at work; `None` if nothing could be decoded.
    pub(crate) work: Option<Work<Result<(), Failure>>>,
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

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dispatcher")
    }
}
