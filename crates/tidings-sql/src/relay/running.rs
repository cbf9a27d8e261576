//! A relay that runs, and its end.

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::state::{RelayStatus, State};

/// A relay that runs as a task, started by [`Relay::start`](crate::Relay::start). It ends when this is dropped,
/// once what it has begun is finished.
#[derive(Debug)]
#[must_use = "the relay ends when this is dropped"]
pub struct RunningRelay {
    task: JoinHandle<()>,
    stop: DropGuard,
    state: State,
}

impl RunningRelay {
    pub(super) fn new(task: JoinHandle<()>, stop: CancellationToken, state: State) -> Self {
        Self { task, stop: stop.drop_guard(), state }
    }

    /// Figures of this relay.
    pub fn status(&self) -> RelayStatus {
        let mut status = self.state.status();
        status.running = !self.task.is_finished();
        status
    }

    /// Ends it: what it has begun is finished, and nothing more is begun. Where database or server gives no answer it
    /// ends after 30 s; the next relay sends what was on its way again, and it is stored once.
    ///
    /// # Cancel safety
    /// Dropping the future lets the relay end by itself.
    pub async fn shutdown(self) -> RelayStatus {
        let Self { task, stop, state } = self;
        drop(stop);
        if let Err(error) = task.await {
            tracing::error!(%error, "the relay's task ended by itself");
        }
        state.status()
    }
}
