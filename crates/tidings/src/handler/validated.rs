//! Handlers whose messages are checked by their schemas before they are decoded.

use std::sync::Arc;

use super::dispatch::{Dispatch, DispatchBatch, Dispatched, Dispatching, FutureSlot};
use crate::context::Context;
use crate::envelope::DecodeError;
use crate::message::Declaration;
use crate::transport::Incoming;
use crate::validation::PayloadValidator;

/// A handler of messages that have the form of their schemas.
struct Validated<D: ?Sized> {
    validator: PayloadValidator,
    declarations: &'static [&'static Declaration],
    inner: Arc<D>,
}

/// Puts a check before a handler.
pub(crate) fn validated(
    dispatching: Dispatching,
    declarations: &'static [&'static Declaration],
    validator: PayloadValidator,
) -> Dispatching {
    match dispatching {
        Dispatching::Each(inner) => {
            Dispatching::Each(Arc::new(Validated { validator, declarations, inner }))
        }
        Dispatching::Batch(inner) => {
            Dispatching::Batch(Arc::new(Validated { validator, declarations, inner }))
        }
    }
}

impl<D: ?Sized> Validated<D> {
    fn check(&self, incoming: &Incoming) -> Result<(), DecodeError> {
        self.validator.check_incoming(self.declarations, incoming)
    }
}

impl Dispatch for Validated<dyn Dispatch> {
    fn dispatch(
        &self,
        incoming: &Incoming,
        cx: Context,
        slot: &mut FutureSlot,
    ) -> Result<(), DecodeError> {
        self.check(incoming)?;
        self.inner.dispatch(incoming, cx, slot)
    }
}

impl DispatchBatch for Validated<dyn DispatchBatch> {
    fn dispatch(&self, messages: Vec<(&Incoming, Context)>, cx: Context) -> Dispatched {
        let checks: Vec<_> = messages.iter().map(|(incoming, _)| self.check(incoming)).collect();
        let valid = messages.into_iter().zip(&checks).filter(|(_, check)| check.is_ok());
        let Dispatched { items, work } =
            self.inner.dispatch(valid.map(|(message, _)| message).collect(), cx);
        let mut items = items.into_iter();
        // One for each message, in their order: what is invalid, or what became of the next one.
        let merged = checks.into_iter().filter_map(|check| match check {
            Ok(()) => items.next(),
            Err(error) => Some(Err(error)),
        });
        Dispatched { items: merged.collect(), work }
    }
}
