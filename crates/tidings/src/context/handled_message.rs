//! A message that is handled, with what is remembered of it meanwhile.

#[cfg(feature = "tower")]
use std::any::{Any, TypeId};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

#[cfg(feature = "tower")]
use super::layer_value::LayerValue;
use crate::link::Link;
use crate::lock::locked;
use crate::message::Digest;
use crate::traces::HandlerSpan;
use crate::transport::Incoming;

/// Facts that all contexts of one route have in common.
#[derive(Debug)]
pub(crate) struct RouteContext {
    pub(crate) link: Link,
    /// Cancelled when the registry begins to shut down.
    pub(crate) stop: CancellationToken,
}

/// A message that is handled, and where: its runner and its handler's context share it.
#[derive(Debug)]
pub(crate) struct HandledMessage {
    route: Arc<RouteContext>,
    incoming: Incoming,
    /// Span of its handler.
    pub(crate) span: HandlerSpan,
    /// Memory of a handler, made when something is to be remembered.
    gathered: Mutex<Option<Box<Gathered>>>,
}

/// Memory of a message while it is handled.
#[derive(Debug, Default)]
struct Gathered {
    /// The payload, where it is an object.
    payload: Option<Bytes>,
    /// Number of equal events that were published for it, in the order of their digests.
    published: Vec<(Digest, u64)>,
    /// Values that layers put beside it, one for each type.
    #[cfg(feature = "tower")]
    values: Vec<(TypeId, LayerValue)>,
}

impl HandledMessage {
    pub(crate) fn new(route: &Arc<RouteContext>, incoming: Incoming) -> Self {
        let (span, gathered) = (HandlerSpan::default(), Mutex::default());
        Self { route: Arc::clone(route), incoming, span, gathered }
    }

    /// Room in which another message is written in place of this one.
    pub(crate) fn renew(&mut self) -> &mut Incoming {
        if let Some(gathered) = self.gathered.get_mut().unwrap_or_else(PoisonError::into_inner) {
            gathered.published.clear();
            gathered.payload = None;
            #[cfg(feature = "tower")]
            gathered.values.clear();
        }
        self.span.clear();
        &mut self.incoming
    }

    /// Number among the equal events, from 1.
    pub(super) fn count(&self, digest: Digest) -> u64 {
        let mut gathered = locked(&self.gathered);
        let published = &mut gathered.get_or_insert_default().published;
        let place = match published.binary_search_by_key(&digest, |(known, _)| *known) {
            Ok(place) => place,
            Err(place) => {
                published.insert(place, (digest, 0));
                place
            }
        };
        published[place].1 += 1;
        published[place].1
    }

    /// Keeps its payload, which is an object, while it is handled.
    pub(crate) fn keep_payload(&self, payload: Bytes) {
        locked(&self.gathered).get_or_insert_default().payload = Some(payload);
    }

    /// Payload of the message, also where that is an object.
    pub(super) fn payload(&self) -> Bytes {
        let gathered = locked(&self.gathered);
        let kept = gathered.as_ref().and_then(|gathered| gathered.payload.clone());
        kept.unwrap_or_else(|| self.incoming.payload.clone())
    }

    pub(super) fn link(&self) -> &Link {
        &self.route.link
    }

    /// Cancelled when the registry begins to shut down.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.route.stop
    }

    /// The value of this type that a layer has put beside the message.
    #[cfg(feature = "tower")]
    pub(super) fn value<T: Any + Clone>(&self) -> Option<T> {
        let gathered = locked(&self.gathered);
        let values = &gathered.as_ref()?.values;
        let (_, value) = values.iter().find(|(known, _)| *known == TypeId::of::<T>())?;
        value.get::<T>()
    }

    /// Puts a value beside the message, in place of one of the same type.
    #[cfg(feature = "tower")]
    pub(super) fn insert<T: Any + Send + Sync>(&self, value: T) {
        let mut gathered = locked(&self.gathered);
        let values = &mut gathered.get_or_insert_default().values;
        let key = TypeId::of::<T>();
        values.retain(|(known, _)| *known != key);
        values.push((key, LayerValue::new(value)));
    }

    /// Copies the message, as if nothing had been done about it.
    pub(crate) fn fresh_copy(&self) -> Self {
        Self::new(&self.route, self.incoming.clone())
    }
}

impl Deref for HandledMessage {
    type Target = Incoming;

    fn deref(&self) -> &Incoming {
        &self.incoming
    }
}
