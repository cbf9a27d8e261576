//! Counts what is handled, and gives credit to who sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use tokio::sync::{mpsc, watch};

/// Number of messages that one credit stands for.
pub(crate) const CHUNK: usize = 500;

/// Number of credits that a sender has in advance: so many chunks are on the way at most.
const IN_ADVANCE: usize = 16;

/// Counts messages as they are handled; a cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    count: AtomicUsize,
    goal: usize,
    credit: mpsc::UnboundedSender<()>,
    reached: watch::Sender<bool>,
}

/// Credit that lets a sender go on.
#[derive(Debug)]
pub(crate) struct Credit {
    credit: mpsc::UnboundedReceiver<()>,
    in_advance: usize,
}

impl Meter {
    /// Counts to `goal`.
    pub(crate) fn new(goal: usize) -> (Self, Credit) {
        let (credit, receiver) = mpsc::unbounded_channel();
        let shared =
            Shared { count: AtomicUsize::new(0), goal, credit, reached: watch::Sender::new(false) };
        let credit = Credit { credit: receiver, in_advance: IN_ADVANCE };
        (Self { shared: Arc::new(shared) }, credit)
    }

    /// Counts one message that was handled. Returns `true` if it was the last one.
    pub(crate) fn hit(&self) -> bool {
        let count = self.shared.count.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(CHUNK) {
            // Nobody may want it any more.
            let _ = self.shared.credit.send(());
        }
        if count == self.shared.goal {
            self.shared.reached.send_replace(true);
        }
        count >= self.shared.goal
    }

    /// Waits until as many as the goal were handled.
    pub(crate) async fn reached(&self) -> Result<()> {
        let mut reached = self.shared.reached.subscribe();
        reached.wait_for(|reached| *reached).await.context("the meter is gone")?;
        Ok(())
    }

    /// Checks that as many as the goal were handled, and no more.
    ///
    /// # Errors
    /// If messages were lost, or came twice.
    pub(crate) fn exact(&self) -> Result<()> {
        let (count, goal) = (self.shared.count.load(Ordering::Relaxed), self.shared.goal);
        ensure!(count == goal, "{count} messages were handled, and there were {goal}");
        Ok(())
    }
}

impl Credit {
    /// Waits until one more chunk may be sent, on a thread that is no runtime's. `false` if nobody
    /// counts any more.
    pub(crate) fn wait_blocking(&mut self) -> bool {
        if let Some(left) = self.in_advance.checked_sub(1) {
            self.in_advance = left;
            return true;
        }
        self.credit.blocking_recv().is_some()
    }

    /// Waits in a task until one more chunk may be sent. `false` if nobody counts any more.
    pub(crate) async fn wait(&mut self) -> bool {
        if let Some(left) = self.in_advance.checked_sub(1) {
            self.in_advance = left;
            return true;
        }
        self.credit.recv().await.is_some()
    }
}
