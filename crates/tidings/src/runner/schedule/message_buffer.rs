//! What a route's next message is written on.

use std::sync::Arc;

use crate::context::{Matter, Workplace};
use crate::transport::Incoming;

/// The memory of one message, used again for the next where nobody has kept the last one.
pub(crate) struct Sheet {
    place: Arc<Workplace>,
    message: Arc<Matter>,
}

impl Sheet {
    pub(crate) fn new(place: &Arc<Workplace>) -> Self {
        Self { place: Arc::clone(place), message: blank(place) }
    }

    /// Where the next message is to be written.
    pub(crate) fn blank(&mut self) -> Option<&mut Incoming> {
        if Arc::strong_count(&self.message) > 1 {
            self.message = blank(&self.place);
        }
        // Always there: nobody else has this one.
        Arc::get_mut(&mut self.message).map(Matter::renew)
    }

    /// The message that was written.
    pub(crate) fn message(&self) -> &Arc<Matter> {
        &self.message
    }

    /// Keeps nothing of the last message.
    pub(crate) fn wipe(&mut self) {
        match Arc::get_mut(&mut self.message) {
            Some(message) => *message.renew() = Incoming::default(),
            None => self.message = blank(&self.place),
        }
    }
}

fn blank(place: &Arc<Workplace>) -> Arc<Matter> {
    Arc::new(Matter::new(place, Incoming::default()))
}
