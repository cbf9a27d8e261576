//! The waits between copies of a message.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::jitter::jittered;

/// The first wait.
const FIRST: Duration = Duration::from_millis(50);
/// The longest: where electing a leader takes as long as a publish may, one more try is worth it.
const LONGEST: Duration = Duration::from_secs(1);

/// Waits that double, up to a second, until there is no time for another.
#[derive(Debug)]
pub(crate) struct Backoff {
    pause: Duration,
    deadline: Instant,
}

impl Backoff {
    pub(crate) fn until(deadline: Instant) -> Self {
        Self { pause: FIRST, deadline }
    }

    /// Ends it then, if that is sooner.
    pub(crate) fn shorten(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline.map_or(self.deadline, |end| end.min(self.deadline));
    }

    /// Waits, and says whether there is time for another copy.
    pub(crate) async fn wait(&mut self) -> bool {
        let wake = Instant::now() + jittered(self.pause);
        if wake >= self.deadline {
            return false;
        }
        sleep_until(wake).await;
        self.pause = self.pause.saturating_mul(2).min(LONGEST);
        true
    }
}
