//! Budget of a handler that is so quick that a message is begun where it was taken, without a task
//! of its own.
//!
//! A handler that computes for long or blocks its thread must not keep the others of its route
//! waiting. So what counts is how long it keeps a thread until it first waits, or ends.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The least and the most that may be: how long it may be on average is measured once, in units of
/// what the same work costs in this build on this machine. A task of its own costs about a tenth.
const LEAST: Duration = Duration::from_micros(10);
const MOST: Duration = Duration::from_micros(100);
/// Average time that a message may take, in samples of a small event's decoding.
const SAMPLES: u32 = 30;

/// The most that is held against a handler, in messages: so many quick ones make up for it.
const DEBT: u32 = 5_000;
/// The most that is put down to its credit, in messages. Now and then a thread has to wait for its
/// processor, some milliseconds in the middle of a message; what is quick on average stays so.
const CREDIT: u32 = 1_000;

/// Time that so many messages have taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed {
    pub(crate) messages: u32,
    pub(crate) time: Duration,
}

impl Elapsed {
    /// Average time of one of them.
    pub(crate) fn mean(self) -> Duration {
        self.time / self.messages.max(1)
    }
}

/// The time that a handler took beyond what it may, or less than that.
#[derive(Debug)]
pub(crate) struct InlineBudget {
    /// Average time that a message may keep the thread.
    quick: Duration,
    debt: Duration,
    credit: Duration,
    /// The most that is held against a handler.
    most: Duration,
}

impl Default for InlineBudget {
    fn default() -> Self {
        Self::new(quick())
    }
}

/// Average time that a message may keep the thread, as measured by the first who asks.
fn quick() -> Duration {
    static QUICK: OnceLock<Duration> = OnceLock::new();
    if cfg!(feature = "slow-motion") {
        return Duration::from_secs(1);
    }
    let sample = || {
        let begun = Instant::now();
        let value: Option<serde_json::Value> =
            serde_json::from_slice(br#"{"id":"0193","total":1200,"paid":true}"#).ok();
        drop(std::hint::black_box(value));
        begun.elapsed()
    };
    *QUICK.get_or_init(|| {
        let least = (0..SAMPLES).map(|_| sample()).min().unwrap_or_default();
        least.saturating_mul(SAMPLES).clamp(LEAST, MOST)
    })
}

impl InlineBudget {
    /// Makes the budget of a handler that was not measured, which counts as not quick. Much of what
    /// the first message takes it takes once, and so at most two are held against it.
    fn new(quick: Duration) -> Self {
        Self { quick, debt: quick, credit: Duration::ZERO, most: quick.saturating_mul(2) }
    }

    pub(crate) fn is_quick(&self) -> bool {
        self.debt < self.quick
    }

    /// A handler kept its thread for so long with so many messages.
    pub(crate) fn took(&mut self, elapsed: Elapsed) {
        let may = self.credit.saturating_add(self.quick.saturating_mul(elapsed.messages));
        let owed = self.debt.saturating_add(elapsed.time);
        self.debt = owed.saturating_sub(may).min(self.most);
        self.credit = may.saturating_sub(owed).min(self.quick.saturating_mul(CREDIT));
        self.most = self.quick.saturating_mul(DEBT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = LEAST;

    fn one(time: Duration) -> Elapsed {
        Elapsed { messages: 1, time }
    }

    #[test]
    fn it_is_shown_before_it_is_believed() {
        let mut budget = InlineBudget::new(QUICK);
        assert!(!budget.is_quick());
        budget.took(one(QUICK / 2));
        assert!(budget.is_quick());
    }

    #[test]
    fn a_first_message_may_take_longer() {
        let mut budget = InlineBudget::new(QUICK);
        budget.took(one(Duration::MAX));
        assert!(!budget.is_quick());
        budget.took(one(QUICK / 2));
        budget.took(one(QUICK / 2));
        assert!(!budget.is_quick());
        budget.took(one(QUICK / 2));
        assert!(budget.is_quick());
        budget.took(one(QUICK * 100));
        (0..100).for_each(|_| budget.took(one(QUICK / 2)));
        assert!(!budget.is_quick(), "no other one may");
    }

    #[test]
    fn what_took_long_is_made_up_for() {
        let mut budget = InlineBudget::new(QUICK);
        budget.took(one(QUICK / 2));
        budget.took(one(QUICK * 100));
        assert!(!budget.is_quick());
        let quick = || std::iter::repeat_with(|| QUICK / 2);
        let made_up = quick().take_while(|time| {
            budget.took(one(*time));
            !budget.is_quick()
        });
        assert_eq!(made_up.count(), 197);
        budget.took(one(Duration::MAX));
        quick().take(10_001).for_each(|time| budget.took(one(time)));
        assert!(budget.is_quick(), "what is held against it has a bound");
    }

    #[test]
    fn one_that_has_long_been_quick_may_lose_its_thread_for_a_while() {
        let mut budget = InlineBudget::new(QUICK);
        (0..2_000).for_each(|_| budget.took(one(QUICK / 2)));
        budget.took(one(QUICK * 900));
        assert!(budget.is_quick());
        budget.took(one(QUICK * 900));
        assert!(!budget.is_quick(), "but not every time");
        let mut budget = InlineBudget::new(QUICK);
        (0..10_000).for_each(|_| budget.took(one(QUICK / 2)));
        budget.took(one(QUICK * 1_100));
        assert!(!budget.is_quick(), "what is put down to its credit has a bound");
    }

    #[test]
    fn a_handler_that_is_always_slow_is_never_quick() {
        let mut budget = InlineBudget::new(QUICK);
        assert!((0..1_000).all(|_| {
            budget.took(one(QUICK + Duration::from_nanos(1)));
            !budget.is_quick()
        }));
    }
}
