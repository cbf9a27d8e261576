//! Handlers with layers around them: each message is decoded, and its handler's work given to a service.

use std::sync::Arc;

use super::dispatch::{Dispatch, DispatchBatch, Dispatched, Dispatching, FutureSlot, empty_slot};
use super::layer::{HandlerLayer, HandlerRequest, HandlerService};
use crate::context::Context;
use crate::envelope::DecodeError;
use crate::message::{Declaration, Outcome};
use crate::transport::Incoming;

/// A handler, and the service around it.
struct Layered<D: ?Sized> {
    service: HandlerService,
    route: Arc<str>,
    declarations: &'static [&'static Declaration],
    inner: Arc<D>,
}

/// Puts layers around a handler, the first of which is the innermost.
pub(crate) fn layered<'a>(
    dispatching: Dispatching,
    declarations: &'static [&'static Declaration],
    route: &str,
    layers: impl Iterator<Item = &'a HandlerLayer>,
) -> Dispatching {
    let mut layers = layers.peekable();
    if layers.peek().is_none() {
        return dispatching;
    }
    let service = layers.fold(HandlerService::handler(), |inner, layer| layer(inner));
    let route = Arc::from(route);
    match dispatching {
        Dispatching::Each(inner) => {
            Dispatching::Each(Arc::new(Layered { service, route, declarations, inner }))
        }
        Dispatching::Batch(inner) => {
            Dispatching::Batch(Arc::new(Layered { service, route, declarations, inner }))
        }
    }
}

impl<D: ?Sized> Layered<D> {
    fn declaration(&self, subject: &str) -> Option<&'static Declaration> {
        match self.declarations {
            [only] => Some(only),
            many => many.iter().copied().find(|one| tidings_subject::matches(one.filter, subject)),
        }
    }
}

impl Dispatch for Layered<dyn Dispatch> {
    fn dispatch(
        &self,
        incoming: &Incoming,
        cx: Context,
        slot: &mut FutureSlot,
    ) -> Result<(), DecodeError> {
        let mut work = empty_slot();
        self.inner.dispatch(incoming, cx.clone(), &mut work)?;
        let request = HandlerRequest {
            declaration: self.declaration(cx.subject()),
            cx,
            route: Arc::clone(&self.route),
            batch: None,
            payload: incoming.payload.len(),
            work,
        };
        self.service.begin(request, slot);
        Ok(())
    }
}

impl DispatchBatch for Layered<dyn DispatchBatch> {
    fn dispatch(&self, messages: Vec<(&Incoming, Context)>, cx: Context) -> Dispatched {
        let payload = messages.iter().map(|(incoming, _)| incoming.payload.len()).sum();
        let Dispatched { items, work } = self.inner.dispatch(messages, cx.clone());
        let Some(work) = work else { return Dispatched { items, work: None } };
        let request = HandlerRequest {
            declaration: self.declaration(cx.subject()),
            cx,
            route: Arc::clone(&self.route),
            batch: Some(items.iter().filter(|item| item.is_ok()).count()),
            payload,
            work: FutureSlot::new(async move { Outcome::of_event(work.await) }),
        };
        let mut slot = empty_slot();
        self.service.begin(request, &mut slot);
        let work = async move {
            match slot.get_pin().await {
                Outcome::Failed(failure) => Err(failure),
                _ => Ok(()),
            }
        };
        Dispatched { items, work: Some(Box::pin(work)) }
    }
}
