//! Policy of a route: the one place that decides what becomes of a stream's message, by its
//! attempts and its failures. How a delivery is settled then, [`Settlement::of`] says.
//!
//! [`Settlement::of`]: crate::transport::Settlement::of

pub(super) mod disposition;
pub(super) mod first_failure;
pub(super) mod give_back_note;
pub(super) mod handler_exit;
pub(super) mod message_set;

use std::time::Duration;

use self::disposition::Disposition;
use self::handler_exit::HandlerExit;
use crate::backoff::Backoff;
use crate::dead_letter::DeadLetterReason as Reason;
use crate::failure::{Failure, Verdict};
use crate::message::Outcome;
use crate::retry::{Retry, RetryDecision};
use crate::route::{Classify, SPARE_DELIVERIES};
use crate::transport::SettlementReason;
use crate::user_code::guarded;

/// Number of times that a message that no instance knows is given back beyond the attempts of the
/// policy.
const GIVEN_BACK: u64 = SPARE_DELIVERIES - 2;
/// Attempts of a policy that has no end, as far as giving back goes.
const ENDLESS: u64 = 12;
/// The least waits after it was given back.
const GIVE_BACK: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// A route's rules for messages that were not handled.
pub(crate) struct Policy {
    pub(crate) retry: Retry,
    pub(crate) classify: Option<Classify>,
}

/// Failed attempt at a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// Counts from 1 with each delivery.
    pub(crate) number: u64,
    /// Time since its first failure.
    pub(crate) since_first: Duration,
    /// Random number from 0 up to 1.
    pub(crate) chance: f64,
}

impl Policy {
    /// Returns `true` if a message that comes for this attempt has none left: whoever had the last one did
    /// not live to put it aside.
    pub(crate) fn is_used_up(&self, attempt: u64) -> bool {
        self.retry.attempts().is_some_and(|attempts| attempt > attempts)
    }

    /// Number of attempts among so many deliveries: those beyond the last are for whoever puts the
    /// message aside, and no handler gets them.
    pub(crate) fn attempts_of(&self, deliveries: u64) -> u64 {
        self.retry.attempts().map_or(deliveries, |attempts| deliveries.min(attempts))
    }

    /// Decides how a message is settled as soon as its handler has ended, where that needs no look
    /// at its attempts; `None` where it does.
    #[inline]
    pub(crate) fn decide_at_once(handled: &HandlerExit) -> Option<SettlementReason<'static>> {
        match handled {
            HandlerExit::Returned(Outcome::Done | Outcome::Reply(_) | Outcome::Declared { .. }) => {
                Some(SettlementReason::Handled)
            }
            _ => None,
        }
    }

    /// Decides about a message that ended in this way; `attempt` is asked for where it failed.
    pub(crate) fn decide(
        &self,
        handled: &HandlerExit,
        attempt: impl FnOnce() -> Attempt,
    ) -> Disposition {
        if Self::decide_at_once(handled).is_some() {
            return Disposition::Ack;
        }
        let asked = match handled {
            HandlerExit::Returned(Outcome::Failed(failure)) => match self.verdict(failure) {
                Verdict::Reject => return Disposition::DeadLetter(Reason::Rejected),
                Verdict::Defer(delay) => return Disposition::Defer(delay),
                Verdict::RetryAfter(delay) => Some(delay),
                Verdict::Retry => None,
            },
            HandlerExit::Undecodable(_) => return Disposition::DeadLetter(Reason::Undecodable),
            HandlerExit::UsedUp => return Disposition::DeadLetter(Reason::Deliveries),
            // It did not fail: it comes again elsewhere, at once.
            HandlerExit::Aborted => return Disposition::Retry(Duration::ZERO),
            HandlerExit::Returned(_) | HandlerExit::Panicked(_) | HandlerExit::Overdue(_) => None,
        };
        let Attempt { number, since_first, chance } = attempt();
        match self.retry.next(number, since_first, asked, chance) {
            RetryDecision::Again(wait) => Disposition::Retry(wait),
            RetryDecision::NoAttempts => Disposition::DeadLetter(Reason::Attempts),
            RetryDecision::NoTime => Disposition::DeadLetter(Reason::Elapsed),
        }
    }

    /// Decides about a delivery of a message that this instance does not know: one that does
    /// is to have it. Instances of two versions share a consumer while one takes the other's place,
    /// and so it is a dead letter only once it was given back for longer than it would be tried.
    pub(crate) fn unknown(&self, delivery: u64, chance: f64) -> Disposition {
        if delivery > self.retry.attempts().unwrap_or(ENDLESS).saturating_add(GIVEN_BACK) {
            return Disposition::DeadLetter(Reason::Undecodable);
        }
        let wait = self.retry.wait_after(delivery, chance);
        Disposition::GiveBack(wait.max(GIVE_BACK.after(delivery)))
    }

    /// The route's own judgement; one that panics is none.
    fn verdict(&self, failure: &Failure) -> Verdict {
        let judge = |classify: &Classify| {
            guarded(|| classify(failure))
                .inspect_err(|panic| {
                    tracing::error!(%failure, panic, "a route's `classify` panicked");
                })
                .ok()
        };
        self.classify.as_ref().and_then(judge).unwrap_or_else(|| failure.verdict())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::DecodeError;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn failed(failure: Failure) -> HandlerExit {
        HandlerExit::Returned(Outcome::Failed(failure))
    }

    fn undecodable() -> HandlerExit {
        HandlerExit::Undecodable(DecodeError::Payload {
            name: "orders.created",
            version: 1,
            subject: "orders.created".to_owned(),
            payload: bytes::Bytes::new(),
            source: serde::de::Error::custom("no order"),
        })
    }

    #[test]
    fn the_table_holds() {
        // Three attempts within a minute, with 10 s between them.
        let retry = Retry::fixed(secs(10)).max_attempts(3).max_elapsed(secs(60)).jitter(1.0);
        let policy = Policy { retry, classify: None };
        let retried = || failed(Failure::retry("down"));
        for (handled, number, since_first, chance, disposition) in [
            (HandlerExit::Returned(Outcome::Done), 9, 99, 0.5, Disposition::Ack),
            (retried(), 1, 0, 0.0, Disposition::Retry(secs(10))),
            (retried(), 2, 20, 0.5, Disposition::Retry(secs(15))),
            (retried(), 3, 20, 0.0, Disposition::DeadLetter(Reason::Attempts)),
            (retried(), 2, 51, 0.0, Disposition::DeadLetter(Reason::Elapsed)),
            (failed(Failure::retry_after(secs(7), "full")), 2, 0, 0.9, Disposition::Retry(secs(7))),
            (
                failed(Failure::retry_after(secs(7), "full")),
                3,
                0,
                0.9,
                Disposition::DeadLetter(Reason::Attempts),
            ),
            (
                failed(Failure::retry_after(secs(61), "full")),
                1,
                0,
                0.9,
                Disposition::DeadLetter(Reason::Elapsed),
            ),
            (failed(Failure::defer(secs(99), "early")), 1, 0, 0.9, Disposition::Defer(secs(99))),
            (failed(Failure::defer(secs(99), "early")), 3, 99, 0.9, Disposition::Defer(secs(99))),
            (
                failed(Failure::reject("never")),
                1,
                0,
                0.0,
                Disposition::DeadLetter(Reason::Rejected),
            ),
            (HandlerExit::Panicked("boom".to_owned()), 1, 0, 0.0, Disposition::Retry(secs(10))),
            (
                HandlerExit::Panicked("boom".to_owned()),
                3,
                0,
                0.0,
                Disposition::DeadLetter(Reason::Attempts),
            ),
            (HandlerExit::Overdue(secs(1)), 1, 0, 0.0, Disposition::Retry(secs(10))),
            (HandlerExit::Overdue(secs(1)), 3, 0, 0.0, Disposition::DeadLetter(Reason::Attempts)),
            (HandlerExit::Aborted, 1, 0, 0.0, Disposition::Retry(secs(0))),
            (HandlerExit::Aborted, 3, 99, 0.0, Disposition::Retry(secs(0))),
            (HandlerExit::UsedUp, 4, 0, 0.0, Disposition::DeadLetter(Reason::Deliveries)),
            (undecodable(), 1, 0, 0.0, Disposition::DeadLetter(Reason::Undecodable)),
        ] {
            let attempt = Attempt { number, since_first: secs(since_first), chance };
            assert_eq!(policy.decide(&handled, || attempt), disposition, "{handled:?} {attempt:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_given_back_for_long() {
        let millis = Duration::from_millis;
        for (retry, most) in [
            (Retry::never(), 19),
            (Retry::fixed(millis(1)).max_attempts(3), 21),
            (Retry::fixed(millis(1)), 30),
        ] {
            let policy = Policy { retry, classify: None };
            assert_eq!(policy.unknown(1, 0.0), Disposition::GiveBack(millis(100)));
            assert_eq!(policy.unknown(4, 0.0), Disposition::GiveBack(millis(800)));
            assert_eq!(policy.unknown(most, 0.9), Disposition::GiveBack(secs(2)));
            assert_eq!(policy.unknown(most + 1, 0.0), Disposition::DeadLetter(Reason::Undecodable));
        }
        let patient = Policy { retry: Retry::default(), classify: None };
        assert_eq!(patient.unknown(1, 0.0), Disposition::GiveBack(secs(1)));
        assert_eq!(patient.unknown(30, 0.0), Disposition::GiveBack(secs(300)));
    }

    #[test]
    fn a_route_judges_for_itself() {
        let classify: Classify =
            std::sync::Arc::new(|failure| match failure.to_string().as_str() {
                "poison" => Verdict::Reject,
                "boom" => panic!("no judgement"),
                _ => failure.verdict(),
            });
        let policy = Policy { retry: Retry::fixed(secs(10)), classify: Some(classify) };
        let attempt = || Attempt { number: 1, since_first: secs(0), chance: 0.0 };
        for (failure, disposition) in [
            (Failure::retry("poison"), Disposition::DeadLetter(Reason::Rejected)),
            (Failure::retry("down"), Disposition::Retry(secs(10))),
            (Failure::reject("boom"), Disposition::DeadLetter(Reason::Rejected)),
        ] {
            assert_eq!(policy.decide(&failed(failure), attempt), disposition);
        }
    }

    #[test]
    fn a_delivery_too_many_is_not_handled() {
        let policy = |retry| Policy { retry, classify: None };
        assert!(!policy(Retry::exponential(3)).is_used_up(3));
        assert!(policy(Retry::exponential(3)).is_used_up(4));
        assert!(!policy(Retry::fixed(secs(1))).is_used_up(u64::MAX));
    }
}
