//! Handlers whose messages are checked before they are decoded: by their schemas, or by a filter.

use std::sync::Arc;

use super::dispatch::{Dispatch, DispatchBatch, Dispatched, Dispatching, FutureSlot};
use crate::context::Context;
use crate::envelope::DecodeError;
use crate::transport::Incoming;

/// A handler of messages that pass a check.
struct Checked<C, D: ?Sized> {
    check: C,
    inner: Arc<D>,
}

/// Puts a check before a handler.
pub(crate) fn checked<C>(dispatching: Dispatching, check: C) -> Dispatching
where
    C: Fn(&Incoming) -> Result<(), DecodeError> + Send + Sync + 'static,
{
    match dispatching {
        Dispatching::Each(inner) => Dispatching::Each(Arc::new(Checked { check, inner })),
        Dispatching::Batch(inner) => Dispatching::Batch(Arc::new(Checked { check, inner })),
    }
}

impl<C> Dispatch for Checked<C, dyn Dispatch>
where
    C: Fn(&Incoming) -> Result<(), DecodeError> + Send + Sync,
{
    fn dispatch(
        &self,
        incoming: &Incoming,
        cx: Context,
        slot: &mut FutureSlot,
    ) -> Result<(), DecodeError> {
        (self.check)(incoming)?;
        self.inner.dispatch(incoming, cx, slot)
    }
}

impl<C> DispatchBatch for Checked<C, dyn DispatchBatch>
where
    C: Fn(&Incoming) -> Result<(), DecodeError> + Send + Sync,
{
    fn dispatch(&self, messages: Vec<(&Incoming, Context)>, cx: Context) -> Dispatched {
        let checks: Vec<_> = messages.iter().map(|(incoming, _)| (self.check)(incoming)).collect();
        let valid = messages.into_iter().zip(&checks).filter(|(_, check)| check.is_ok());
        let Dispatched { items, work } =
            self.inner.dispatch(valid.map(|(message, _)| message).collect(), cx);
        let mut items = items.into_iter();
        // One for each message, in their order: what is refused, or what became of the next one.
        let merged = checks.into_iter().filter_map(|check| match check {
            Ok(()) => items.next(),
            Err(error) => Some(Err(error)),
        });
        Dispatched { items: merged.collect(), work }
    }
}
