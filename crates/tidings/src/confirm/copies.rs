//! The waits between copies of a message.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::backoff::{Backoff, Waits};

/// Up to a second: where electing a leader takes as long as a publish may, one more copy is worth it.
const COPIES: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

/// The copies of a message that there is time for.
#[derive(Debug)]
pub(crate) struct Copies {
    waits: Waits,
    deadline: Instant,
}

impl Copies {
    pub(crate) fn until(deadline: Instant) -> Self {
        Self { waits: COPIES.waits(), deadline }
    }

    /// Ends the copies at the deadline, if that is sooner.
    pub(crate) fn shorten(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline.map_or(self.deadline, |end| end.min(self.deadline));
    }

    /// Waits, and says whether there is time for another copy.
    pub(crate) async fn wait(&mut self) -> bool {
        let wake = Instant::now() + self.waits.lengthen();
        if wake >= self.deadline {
            return false;
        }
        sleep_until(wake).await;
        true
    }
}
