//! Laps: one side of one round: what comes before, what is timed, and what shows that it was done.

use std::pin::Pin;
use std::time::Duration;

use anyhow::Result;

type Boxed<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Latency of each message, where that was measured; else empty.
pub(crate) type Latencies = Vec<Duration>;

/// Check that follows on the timed part: it sees whether all has arrived, and puts away what is to
/// be put away.
pub(crate) type Check = Boxed<Latencies>;

/// Result of a check, as latencies.
pub(crate) trait Checked {
    fn latencies(self) -> Latencies;
}

impl Checked for () {
    fn latencies(self) -> Latencies {
        Vec::new()
    }
}

impl Checked for Latencies {
    fn latencies(self) -> Latencies {
        self
    }
}

/// A lap that is prepared: everything is connected, and nothing has been sent.
pub(crate) struct Lap {
    timed: Boxed<Check>,
}

impl Lap {
    /// `timed` does the work, and gives back the check that is not timed any more.
    pub(crate) fn new<T, C, D>(timed: T) -> Self
    where
        T: Future<Output = Result<C>> + Send + 'static,
        C: Future<Output = Result<D>> + Send + 'static,
        D: Checked,
    {
        let timed = async move {
            let check = timed.await?;
            Ok(Box::pin(async move { Ok(check.await?.latencies()) }) as Check)
        };
        Self { timed: Box::pin(timed) }
    }

    /// The timed part.
    pub(crate) fn run(self) -> Boxed<Check> {
        self.timed
    }
}

/// The check of a lap that shows by its end that all was done.
pub(crate) async fn done() -> Result<()> {
    Ok(())
}
