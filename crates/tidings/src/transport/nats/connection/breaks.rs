//! Losses of a connection soon after it was made, one behind the other, and the log's word of them.

use std::time::Duration;

use tokio::time::Instant;

/// A connection that was lost within this time was lost soon.
const SOON: Duration = Duration::from_secs(10);
/// Number of losses in a row, each soon after the connection was made, from which on it is said.
const MANY_BREAKS: u64 = 4;

/// Count of the losses of a connection soon after it was made, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Breaks {
    times: u64,
    made: Option<Instant>,
}

impl Breaks {
    /// The connection is made.
    pub(crate) fn made(&mut self, now: Instant) {
        self.made = Some(now);
    }

    /// Counts a loss of the connection; gives how many there were in a row.
    pub(crate) fn lost(&mut self, with_words: bool, now: Instant) -> u64 {
        let was_soon = self.made.take().is_some_and(|made| now - made < SOON);
        self.times = if was_soon && !with_words { self.times.saturating_add(1) } else { 0 };
        self.times
    }
}

/// Says that the connection was lost again and again.
pub(crate) fn warn_of_breaks(times: u64) {
    if times >= MANY_BREAKS && times.is_power_of_two() {
        tracing::error!(
            times,
            "the connection is lost again and again, soon after it is made, and the server says no \
             reason. A message whose headers can't be read does that each time it comes: the client \
             (async-nats 0.51) gives the whole connection up for it, and says why at \
             `async_nats=debug` alone"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_count_while_they_come_soon_and_without_a_word() {
        let (mut breaks, begun) = (Breaks::default(), Instant::now());
        let at = |seconds| begun + Duration::from_secs(seconds);
        for times in 1..=5 {
            breaks.made(at(times * 10));
            assert_eq!(breaks.lost(false, at(times * 10 + 1)), times);
        }
        breaks.made(at(100));
        assert_eq!(breaks.lost(true, at(101)), 0, "the server said why");
        breaks.made(at(200));
        assert_eq!(breaks.lost(false, at(201)), 1);
        breaks.made(at(300));
        assert_eq!(breaks.lost(false, at(311)), 0, "it held for a while");
    }
}
