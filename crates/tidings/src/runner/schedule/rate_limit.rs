//! Rate at which messages may begin.

use std::time::Duration;

use tokio::time::Instant;

use crate::jitter::FAR;
use crate::route::Rate;

/// Time by which a beginning may be late and those after it not wait for it: a timer is exact to
/// the millisecond, and more than that is a pause.
const LATENESS: Duration = Duration::from_millis(3);

/// Spreads beginnings evenly over time.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    next: Option<Instant>,
}

impl RateLimit {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { interval: rate.per / rate.messages, next: None }
    }

    /// Instant at which the next may begin; `None` if it may now.
    pub(crate) fn wait(&self, now: Instant) -> Option<Instant> {
        self.next.filter(|next| *next > now)
    }

    /// Counts so many that begin.
    pub(crate) fn begin(&mut self, now: Instant, messages: usize) {
        let late = |next: &Instant| now.saturating_duration_since(*next) <= LATENESS;
        let begun = self.next.filter(late).unwrap_or(now);
        let messages = u32::try_from(messages).unwrap_or(u32::MAX);
        self.next = Some(begun + self.interval.saturating_mul(messages).min(FAR));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(limit: &mut RateLimit, ticks: impl Iterator<Item = Instant>) -> usize {
        let mut begun = 0;
        for now in ticks {
            while limit.wait(now).is_none() && begun < 10_000 {
                limit.begin(now, 1);
                begun += 1;
            }
        }
        begun
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_kept_where_a_timer_is_coarser_than_it() {
        let start = Instant::now();
        let ticks = || (0..1000).map(|ms| start + Duration::from_millis(ms));
        for messages in [1, 10, 1000, 5000] {
            let mut limit = RateLimit::new(Rate { messages, per: Duration::from_secs(1) });
            let count = begun(&mut limit, ticks());
            let most = messages as usize;
            assert!((most - most / 100..=most).contains(&count), "{count} of {most}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_used_is_not_saved() {
        let start = Instant::now();
        let mut limit = RateLimit::new(Rate { messages: 10, per: Duration::from_secs(1) });
        limit.begin(start, 1);
        let later = start + Duration::from_secs(60);
        assert_eq!(begun(&mut limit, std::iter::once(later)), 1);
    }
}
