//! What a route's next message is written on.

use std::sync::Arc;

use crate::context::{HandledMessage, RouteContext};
use crate::transport::Incoming;

/// The memory of one message, used again for the next where nobody has kept the last one.
pub(crate) struct MessageBuffer {
    route: Arc<RouteContext>,
    message: Arc<HandledMessage>,
}

impl MessageBuffer {
    pub(crate) fn new(route: &Arc<RouteContext>) -> Self {
        Self { route: Arc::clone(route), message: blank(route) }
    }

    /// Where the next message is to be written.
    pub(crate) fn blank(&mut self) -> Option<&mut Incoming> {
        if Arc::strong_count(&self.message) > 1 {
            self.message = blank(&self.route);
        }
        // Always there: nobody else has this one.
        Arc::get_mut(&mut self.message).map(HandledMessage::renew)
    }

    /// The message that was written.
    pub(crate) fn message(&self) -> &Arc<HandledMessage> {
        &self.message
    }

    /// Keeps nothing of the last message.
    pub(crate) fn wipe(&mut self) {
        match Arc::get_mut(&mut self.message) {
            Some(message) => *message.renew() = Incoming::default(),
            None => self.message = blank(&self.route),
        }
    }
}

fn blank(route: &Arc<RouteContext>) -> Arc<HandledMessage> {
    Arc::new(HandledMessage::new(route, Incoming::default()))
}
