//! Options of a route that can't hold together, or not with a stream.

use std::time::Duration;

use super::{Rate, RouteSpec};
use crate::message::may_be_large;
use crate::retry::Retry;
use crate::route::CircuitBreaker;
use crate::transport::DeliverFrom;

impl RouteSpec {
    /// The options that were given and mean something only to a stream's events.
    pub(crate) fn stream_options(&self) -> impl Iterator<Item = &'static str> {
        [
            self.retry.as_ref().map(|_| "retry"),
            self.classify.as_ref().map(|_| "classify"),
            self.prefetch.map(|_| "prefetch"),
            self.ack_wait.map(|_| "ack_wait"),
            self.progress_limit.map(|_| "progress_limit"),
            self.max_ack_pending.map(|_| "max_ack_pending"),
            self.from.map(|_| "from"),
            self.ack_every.map(|_| "ack_every"),
            self.durable.as_ref().map(|_| "durable"),
        ]
        .into_iter()
        .flatten()
    }

    /// An option whose value can't hold, and why.
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        if self.concurrency == 0 {
            return Some(("concurrency", "0 would handle nothing; give 1 or more".to_owned()));
        }
        if self.unit() == 0 {
            return Some(("max_size", "0 would handle nothing; give 1 or more".to_owned()));
        }
        if let Some(Err(problem)) = &self.validation {
            return Some(("validate", problem.clone()));
        }
        if let Some(rate) = self.rate
            && (rate.messages == 0 || rate.per.is_zero())
        {
            let Rate { messages, per } = rate;
            let problem =
                format!("{messages} messages in {per:?} is no rate; give 1 or more of both");
            return Some(("rate_limit", problem));
        }
        if let Some(problem) = self.breaker.as_ref().and_then(CircuitBreaker::problem) {
            return Some(("circuit_breaker", problem));
        }
        if let Err(error) = &self.filters {
            return Some(("filter", error.to_string()));
        }
        if self.key.is_some() && may_be_large(self.declarations) {
            let problem = "an event that is `large` may be in an object, which is read as it is handled, and \
                           so its key is not known before; let two of a key be handled one after the other with \
                           `.concurrency(1)` or `.ack_every(…)`";
            return Some(("keyed_by", problem.to_owned()));
        }
        if self.deadline.is_some_and(|deadline| deadline.is_zero()) {
            return Some(("deadline", "no handler ends in no time; give it some".to_owned()));
        }
        None
    }

    /// Finds a problem in what means something to a stream's events.
    pub(crate) fn stream_problem(&self) -> Option<(&'static str, String)> {
        if let Some(problem) = self.retry.as_ref().and_then(Retry::problem) {
            return Some(("retry", problem));
        }
        if self.from == Some(DeliverFrom::Sequence(0)) {
            let problem =
                "a stream's first sequence is 1; give `DeliverFrom::Beginning`".to_owned();
            return Some(("from", problem));
        }
        let ack_wait = self.ack_wait();
        if ack_wait < Duration::from_millis(1) {
            let problem = format!("{ack_wait:?} is too short for any handler; give 1 ms or more");
            return Some(("ack_wait", problem));
        }
        if let Some(deadline) = self.deadline
            && deadline > ack_wait
        {
            let problem = format!(
                "{deadline:?} is longer than the ack wait of {ack_wait:?}; give `.ack_wait(…)` as much or more"
            );
            return Some(("deadline", problem));
        }
        let (prefetch, at_a_time) = (self.prefetch(), self.at_a_time());
        if prefetch > at_a_time {
            let problem = format!(
                "{prefetch} is more than the {at_a_time} that are handled at a time; give `.concurrency(…)` as many or more"
            );
            return Some(("prefetch", problem));
        }
        let most = self.max_ack_pending();
        if most == 0 {
            let problem = "0 would deliver nothing; give 1 or more".to_owned();
            return Some(("max_ack_pending", problem));
        }
        if let Some(problem) = self.ack_every.and_then(|every| self.ack_every_problem(every)) {
            return Some(("ack_every", problem));
        }
        if self.unit() as u64 > most && self.unit() > 1 {
            let problem = format!(
                "{} is more than the {most} that may be unsettled; give `.max_ack_pending(…)` as many or more",
                self.unit()
            );
            return Some(("max_size", problem));
        }
        // Only what was asked for: otherwise less is fetched ahead.
        if let Some(prefetch) = self.prefetch
            && prefetch as u64 > most
        {
            let problem = format!(
                "{prefetch} is more than the {most} that may be unsettled; give `.max_ack_pending(…)` as many or more"
            );
            return Some(("prefetch", problem));
        }
        None
    }

    fn ack_every_problem(&self, every: usize) -> Option<String> {
        let most = self.max_ack_pending();
        if every == 0 {
            return Some("0 would acknowledge nothing; give 1 or more".to_owned());
        }
        if every as u64 > most {
            return Some(format!(
                "{every} is more than the {most} that may be unsettled; give `.max_ack_pending(…)` as many or more"
            ));
        }
        if self.batch_rule().is_some() {
            return Some("a batch's events are settled one by one".to_owned());
        }
        if self.key.is_some() {
            return Some("with keys messages are not handled in their order".to_owned());
        }
        if self.concurrency != 1 {
            return Some(format!(
                "{} handled at a time are not handled in their order; give `.concurrency(1)`",
                self.concurrency
            ));
        }
        None
    }
}
