//! Whether a handler is so quick that a message is begun where it was taken, without a task of its
//! own.
//!
//! A handler that computes for long or blocks its thread must not keep the others of its route
//! waiting. So what counts is how long it keeps a thread until it first waits, or ends.

use std::time::Duration;

use super::batch_timer::Elapsed;

/// How long that may be on average. A task of its own costs about a tenth of it.
const QUICK: Duration = if cfg!(feature = "slow-motion") {
    Duration::from_secs(1)
} else if cfg!(debug_assertions) {
    // A build that is not optimised takes so much longer to decode.
    Duration::from_micros(100)
} else {
    Duration::from_micros(10)
};
/// The most that is held against a handler: 5,000 quick messages make up for it.
const MOST: Duration = QUICK.saturating_mul(5_000);
/// The same for its first message: much of what that takes it takes once.
const MOST_AT_FIRST: Duration = QUICK.saturating_mul(2);
/// The most that is put down to its credit. Now and then a thread has to wait for its processor,
/// some milliseconds in the middle of a message; what is quick on average stays so.
const CREDIT: Duration = QUICK.saturating_mul(1_000);

/// What a handler took beyond what it may, or less than that.
#[derive(Debug)]
pub(crate) struct InlineBudget {
    debt: Duration,
    credit: Duration,
    most: Duration,
}

impl Default for InlineBudget {
    /// Before one was measured no handler is quick.
    fn default() -> Self {
        Self { debt: QUICK, credit: Duration::ZERO, most: MOST_AT_FIRST }
    }
}

impl InlineBudget {
    pub(crate) fn is_quick(&self) -> bool {
        self.debt < QUICK
    }

    /// A handler kept its thread for so long with so many messages.
    pub(crate) fn took(&mut self, elapsed: Elapsed) {
        let may = self.credit.saturating_add(QUICK.saturating_mul(elapsed.messages));
        let owed = self.debt.saturating_add(elapsed.time);
        self.debt = owed.saturating_sub(may).min(self.most);
        self.credit = may.saturating_sub(owed).min(CREDIT);
        self.most = MOST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(time: Duration) -> Elapsed {
        Elapsed { messages: 1, time }
    }

    #[test]
    fn it_is_shown_before_it_is_believed() {
        let mut budget = InlineBudget::default();
        assert!(!budget.is_quick());
        budget.took(one(QUICK / 2));
        assert!(budget.is_quick());
    }

    #[test]
    fn a_first_message_may_take_longer() {
        let mut budget = InlineBudget::default();
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
        let mut budget = InlineBudget::default();
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
        let mut budget = InlineBudget::default();
        (0..2_000).for_each(|_| budget.took(one(QUICK / 2)));
        budget.took(one(QUICK * 900));
        assert!(budget.is_quick());
        budget.took(one(QUICK * 900));
        assert!(!budget.is_quick(), "but not every time");
        let mut budget = InlineBudget::default();
        (0..10_000).for_each(|_| budget.took(one(QUICK / 2)));
        budget.took(one(QUICK * 1_100));
        assert!(!budget.is_quick(), "what is put down to its credit has a bound");
    }

    #[test]
    fn a_handler_that_is_always_slow_is_never_quick() {
        let mut budget = InlineBudget::default();
        assert!((0..1_000).all(|_| {
            budget.took(one(QUICK + Duration::from_nanos(1)));
            !budget.is_quick()
        }));
    }
}
