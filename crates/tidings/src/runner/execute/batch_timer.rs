//! How long messages take that are handled one after the other, without a look at the clock for
//! each of them.

use std::time::{Duration, Instant};

/// After how many messages the clock is read. A handler that becomes slow is known for it after so
/// many at most.
const MOST: u32 = 8;

/// Messages that are handled one after the other.
#[derive(Debug, Default)]
pub(crate) struct BatchTimer {
    begun: Option<Instant>,
    done: u32,
}

/// So many messages have taken so long together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed {
    pub(crate) messages: u32,
    pub(crate) time: Duration,
}

impl Elapsed {
    /// How long one of them took.
    pub(crate) fn mean(self) -> Duration {
        self.time / self.messages.max(1)
    }
}

impl BatchTimer {
    /// A message begins.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.begun.get_or_insert_with(Instant::now);
    }

    /// A message was done; gives what those took that were not told of, from time to time.
    #[inline]
    pub(crate) fn done(&mut self) -> Option<Elapsed> {
        self.done += 1;
        (self.done >= MOST).then(|| self.end())
    }

    /// A message was done; gives what those took that were not told of, this one among them.
    pub(crate) fn finish(&mut self) -> Elapsed {
        self.done += 1;
        self.end()
    }

    /// Nothing follows at once; gives what those took that were not told of.
    pub(crate) fn rest(&mut self) -> Option<Elapsed> {
        (self.done > 0).then(|| self.end())
    }

    fn end(&mut self) -> Elapsed {
        let time = self.begun.take().map(|begun| begun.elapsed());
        Elapsed { messages: std::mem::take(&mut self.done), time: time.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {}
    }

    #[test]
    fn the_time_of_some_is_told_together() {
        let mut timer = BatchTimer::default();
        assert_eq!(timer.rest(), None, "nothing was begun");
        let told: Vec<_> = (0..=2 * MOST)
            .filter_map(|_| {
                timer.begin();
                timer.done()
            })
            .collect();
        assert_eq!(told.iter().map(|elapsed| elapsed.messages).collect::<Vec<_>>(), [MOST, MOST]);
        assert_eq!(timer.rest().map(|elapsed| elapsed.messages), Some(1));
        assert_eq!(timer.rest(), None);
    }

    #[test]
    fn the_time_is_that_of_all() {
        let (mut timer, step) = (BatchTimer::default(), Duration::from_millis(2));
        timer.begin();
        busy(step);
        assert_eq!(timer.done(), None);
        timer.begin();
        busy(step);
        let elapsed = timer.finish();
        assert_eq!(elapsed.messages, 2);
        assert!(elapsed.time >= 2 * step && elapsed.mean() >= step, "{elapsed:?}");
        assert_eq!(timer.rest(), None);
    }
}
