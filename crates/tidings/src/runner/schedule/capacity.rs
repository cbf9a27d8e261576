//! Capacity of a route: how many messages may be taken, and how many handlers may run.

use super::Scheduler;

impl Scheduler {
    /// Returns `true` if a message is here that is not begun.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.in_flight.state().backlog.is_empty()
    }

    /// Number of messages that wait and may begin when there is room.
    pub(crate) fn waiting(&self) -> usize {
        self.in_flight.state().backlog.waiting()
    }

    /// Number of messages that may still be taken.
    #[inline]
    pub(super) fn room(&self) -> usize {
        self.room_if_none_waits().saturating_sub(self.in_flight.state().backlog.waiting())
    }

    /// Number of messages that may be taken where none waits.
    #[inline]
    pub(super) fn room_if_none_waits(&self) -> usize {
        let ahead = if self.crowded { 0 } else { self.prefetch.room(self.inline.in_a_row()) };
        let most = if self.circuit.is_probing() { 1 } else { self.at_a_time.saturating_add(ahead) };
        most.saturating_sub(self.handled)
    }

    /// Maximum number of handlers that run at a time.
    #[inline]
    pub(super) fn handlers_at_once(&self) -> usize {
        if self.circuit.is_probing() { 1 } else { self.concurrency }
    }
}
