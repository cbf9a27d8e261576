//! Getting past a message that no client can read: it breaks each connection that it comes on, and would for ever.

use std::mem;

use super::look::search;
use super::{Flow, State, Step};
use crate::transport::{DeliverFrom, StoredMessage};

/// Number of losses of the connection, while all that the bucket has comes, from which on what breaks it is looked for:
/// it takes a request for each message.
const LOSSES: u32 = 2;

impl Flow {
    /// Begins anew after a lost connection, or looks for what breaks it. All that came before is told.
    pub(super) fn interrupted(&mut self) {
        self.losses = self.losses.saturating_add(1);
        if !self.is_initial() || self.losses < LOSSES {
            return self.resynchronise();
        }
        let searching = State::Searching(search(&self.store, &self.filter, self.last));
        if let State::Reading(opened) = mem::replace(&mut self.state, searching) {
            self.identity = opened.identity;
        }
        self.looking = None;
    }

    /// Tells a message that no client can read, as it was found, and goes on behind it.
    pub(super) fn pass(&mut self, message: StoredMessage) {
        let behind = message.sequence + 1;
        self.known.tell(message.subject.as_str(), message.sequence, true);
        self.last = message.sequence;
        self.steps.push_back(Step::Message(message));
        self.reopen(DeliverFrom::Sequence(behind));
    }
}
