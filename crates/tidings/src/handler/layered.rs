//! Handlers with layers around them: each message is decoded, and its handler's work given to a service.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::dispatch::{Dispatch, DispatchBatch, Dispatched, Dispatching, FutureSlot, empty_slot};
use super::layer::{HandlerLayer, HandlerRequest, HandlerService};
use super::watch::WatchDispatch;
use crate::context::Context;
use crate::envelope::DecodeError;
use crate::failure::Failure;
use crate::key_value::{EntryError, News, NewsReader};
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
    /// Wire name and template of the message on this subject.
    fn of(&self, subject: &str) -> Option<(&'static str, &'static str)> {
        let declaration = match self.declarations {
            [only] => Some(*only),
            many => many.iter().copied().find(|one| tidings_subject::matches(one.filter, subject)),
        };
        declaration.map(|declaration| (declaration.name, declaration.template))
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
            of: self.of(cx.subject()),
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
            of: self.of(cx.subject()),
            cx,
            route: Arc::clone(&self.route),
            batch: Some(items.iter().filter(|item| item.is_ok()).count()),
            payload,
            work: FutureSlot::new(async move { Outcome::of_event(work.await) }),
        };
        Dispatched { items, work: Some(self.service.work(request).boxed()) }
    }
}

/// A bucket's handler, and the service around it.
struct LayeredWatch {
    service: HandlerService,
    route: Arc<str>,
    of: (&'static str, &'static str),
    inner: Arc<dyn WatchDispatch>,
}

/// Puts layers around a bucket's handler, the first of which is the innermost. `of` is the bucket's stream, and
/// the filter of its keys.
pub(crate) fn layered_watch<'a>(
    inner: Arc<dyn WatchDispatch>,
    of: (&'static str, &'static str),
    layers: impl Iterator<Item = &'a HandlerLayer>,
) -> Arc<dyn WatchDispatch> {
    let mut layers = layers.peekable();
    if layers.peek().is_none() {
        return inner;
    }
    let service = layers.fold(HandlerService::handler(), |inner, layer| layer(inner));
    Arc::new(LayeredWatch { service, route: Arc::from(of.0), of, inner })
}

impl WatchDispatch for LayeredWatch {
    fn dispatch(
        &self,
        reader: &NewsReader,
        news: News,
        cx: Context,
    ) -> Result<BoxFuture<'static, Result<(), Failure>>, EntryError> {
        let payload = match &news {
            News::Change(message) => message.payload.len(),
            News::Current | News::Resynchronised => 0,
        };
        let work = self.inner.dispatch(reader, news, cx.clone())?;
        let request = HandlerRequest {
            of: Some(self.of),
            cx,
            route: Arc::clone(&self.route),
            batch: None,
            payload,
            work: FutureSlot::new(async move { Outcome::of_event(work.await) }),
        };
        Ok(self.service.work(request).boxed())
    }
}
