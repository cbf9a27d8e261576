//! State of a relay, for those who ask.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Figures of one relay, since it was started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RelayStatus {
    /// `true` while it runs.
    pub running: bool,
    /// Number of events that it has published.
    pub published: u64,
    /// Number of those that their stream had already.
    pub duplicates: u64,
    /// Number of events that it has parked.
    pub parked: u64,
    /// Error of the last attempt, as long as none has gone well since: of the database, or of an event that is
    /// tried again.
    pub error: Option<String>,
}

/// The figures, which the relay's task writes and others read.
#[derive(Debug, Clone, Default)]
pub(super) struct State(Arc<Mutex<RelayStatus>>);

impl State {
    pub(super) fn new() -> Self {
        let state = Self::default();
        state.change().running = true;
        state
    }

    pub(super) fn status(&self) -> RelayStatus {
        self.change().clone()
    }

    pub(super) fn change(&self) -> MutexGuard<'_, RelayStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
