//! The feed of a route: from where its messages come, the allocation that the next one is written
//! into, and why no more are taken.

use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;

use crate::context::{HandledMessage, RouteContext};
use crate::runner::in_flight::shared_pull::SharedPull;
use crate::runner::status::route_state::{RouteFault, StateCell};
use crate::transport::{Fault, Inboxes, Incoming, PollInto as _, Pull};

/// Source of a route's messages: core subscriptions, or a consumer.
pub(crate) enum MessageFeed {
    Core(Inboxes),
    Durable(Arc<SharedPull>),
}

impl MessageFeed {
    pub(crate) fn durable(pull: Pull) -> Self {
        Self::Durable(Arc::new(SharedPull::new(pull)))
    }

    /// The next message, written in the place of `into`, where there is room for so many.
    #[inline]
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        state: &StateCell,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        match self {
            Self::Core(inboxes) => inboxes.poll_into(cx, into),
            Self::Durable(flow) => {
                let mut flow = flow.lock();
                let Some(pull) = &mut *flow else { return Poll::Ready(None) };
                pull.set_room(room);
                let next = pull.poll_into(cx, into);
                // An idle consumer that is there again has no message to show for it.
                if pull.has_heard() {
                    state.clear_fault(RouteFault::Feed);
                }
                next
            }
        }
    }

    /// Returns `true` if messages may be on their way that were asked for when there was more room: the
    /// server is to be told that they are here.
    pub(crate) fn expects(&self) -> bool {
        matches!(self, Self::Durable(flow) if flow.lock().as_ref().is_some_and(Pull::expects))
    }

    /// Returns `true` if a message has come of which it is not known yet who put it back.
    pub(crate) fn is_judging(&self) -> bool {
        matches!(self, Self::Durable(flow) if flow.lock().as_ref().is_some_and(Pull::is_judging))
    }

    /// Returns the consumer's pull, shared.
    pub(crate) fn flow(&self) -> Option<Arc<SharedPull>> {
        match self {
            Self::Core(_) => None,
            Self::Durable(flow) => Some(Arc::clone(flow)),
        }
    }

    /// Takes out what a consumer delivers.
    pub(crate) fn into_pull(self) -> Option<Pull> {
        match self {
            Self::Core(_) => None,
            Self::Durable(flow) => flow.lock().take(),
        }
    }
}

/// Reason why no more messages are taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The registry ends.
    Stopped,
    /// The route was paused.
    Paused,
    /// The route's circuit breaker is open until then: its handler kept failing.
    Open(Instant),
    /// Others have messages of a consumer that is for one alone.
    Broken,
    /// A message came that is not known here, of a consumer that is for one alone: it is another
    /// instance's turn.
    Yielding,
    /// Handlers take too long: what was asked for goes elsewhere.
    Crowded,
    /// The feed has ended.
    Dry,
}

/// The memory of one message, used again for the next where nobody has kept the last one.
pub(crate) struct MessageBuffer {
    route: Arc<RouteContext>,
    message: Arc<HandledMessage>,
}

impl MessageBuffer {
    pub(crate) fn new(route: &Arc<RouteContext>) -> Self {
        Self { route: Arc::clone(route), message: empty_message(route) }
    }

    /// Returns the allocation that the next message is to be written into.
    pub(crate) fn next_slot(&mut self) -> Option<&mut Incoming> {
        if Arc::strong_count(&self.message) > 1 {
            self.message = empty_message(&self.route);
        }
        // Always there: nobody else has this one.
        Arc::get_mut(&mut self.message).map(HandledMessage::renew)
    }

    /// The message that was written.
    pub(crate) fn message(&self) -> &Arc<HandledMessage> {
        &self.message
    }

    /// Keeps nothing of the last message.
    pub(crate) fn clear(&mut self) {
        match Arc::get_mut(&mut self.message) {
            Some(message) => *message.renew() = Incoming::default(),
            None => self.message = empty_message(&self.route),
        }
    }
}

fn empty_message(route: &Arc<RouteContext>) -> Arc<HandledMessage> {
    Arc::new(HandledMessage::new(route, Incoming::default()))
}
