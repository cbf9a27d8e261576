//! Counters of a route.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::dead_letter::DeadLetterReason;
use crate::discovery::{Counts, EndpointCounts};
use crate::failure::Verdict;
use crate::lock::locked;
use crate::message::Outcome;
use crate::request::reply_subject::RefusedReplies;
use crate::runner::policy::disposition::Disposition;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::transport::{Dropped, SkipCounters};

/// Counts of what one handler did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteReport {
    /// The wire name of what it handles; an unnamed enum's type name.
    pub message: String,
    /// Number of times that it returned `Ok`, or a request was answered with its reply or declared
    /// error.
    pub handled: u64,
    /// Number of times that it failed: the message comes again, or the asker got an error.
    pub failed: u64,
    /// Number of times that a stream's message is to come again because its handler failed; also
    /// counted as failed.
    pub retried: u64,
    /// Number of times that it panicked; also counted as failed.
    pub panicked: u64,
    /// Number of times that it did not end within its deadline; also counted as failed.
    pub overdue: u64,
    /// Number of messages that it gave up with [`Failure::reject`](crate::Failure::reject), or the
    /// route did with `classify`.
    pub rejected: u64,
    /// Number of times that it said that a message came too early; see
    /// [`Failure::defer`](crate::Failure::defer).
    pub deferred: u64,
    /// Number of messages that could not be decoded: a stream's became dead letters, an asker got
    /// an error.
    pub undecodable: u64,
    /// Number of times that a stream's message was given back because it is another message, or
    /// another version, than the route's: an instance of another version shares the consumer. See
    /// [`Route`](crate::Route#messages-that-a-route-does-not-know).
    pub given_back: u64,
    /// Number of a stream's messages that were given up, for whatever reason, and are dead letters:
    /// each counts once its letter is stored. With
    /// [`DeadLetterPolicy::off`](crate::DeadLetterPolicy::off) each counts as it is given up.
    pub dead_lettered: u64,
    /// Number of messages that are being handled now by handlers that wait for something; those
    /// that end at once are never seen here.
    pub in_flight: u64,
    /// Number of a stream's messages that are given up now and have no dead letter yet, since it
    /// could not be stored: each stays where it is, keeps no handler's permit, and is tried again.
    /// Beside them the route's state is [`Failing`](crate::RouteState::Failing).
    pub unstored: u64,
    /// Number of handlers that were dropped because the shutdown's deadline passed.
    pub aborted: u64,
    /// Number of messages of core subscriptions that had come and were not begun when the
    /// shutdown's deadline passed: events are lost, askers got an error.
    pub left: u64,
    /// Number of messages of core subscriptions that were lost because they came faster than they
    /// were handled, and no more could wait.
    pub dropped: u64,
    /// Number of times that one of its core subscriptions was without its connection, which was
    /// made again: what was published meanwhile did not come here.
    pub interrupted: u64,
    /// Number of answers that were not sent, because whoever asked named a subject for them that a
    /// message may not name: a server's own (`$…`), a dead letter's, or none at all.
    pub unanswered: u64,
    /// Number of a stream's messages that were acknowledged without being handled: a redrive put
    /// them back for another consumer only, or a server wrote them for what it deleted.
    pub passed_over: u64,
    /// Number of a stream's messages that had headers that only a redrive writes, and no redrive's
    /// signature: they were handled as any other, and the headers not looked at.
    pub unwarranted: u64,
}

/// Counters of one route.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    handled: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    panicked: AtomicU64,
    overdue: AtomicU64,
    rejected: AtomicU64,
    deferred: AtomicU64,
    dead_lettered: AtomicU64,
    in_flight: AtomicUsize,
    unstored: Mutex<u64>,
    undecodable: AtomicU64,
    given_back: AtomicU64,
    aborted: AtomicU64,
    left: AtomicU64,
    dropped: Mutex<AllDropped>,
    skipped: SkipCounters,
    declared: AtomicU64,
    busy_nanos: AtomicU64,
    last_error: Mutex<String>,
    /// Histogram of the time that handlers take.
    #[cfg(feature = "metrics")]
    times: std::sync::OnceLock<metrics::Histogram>,
    /// Answers that were not sent.
    pub(crate) refused: RefusedReplies,
}

/// Losses of a route's subscriptions: numbers for those that have ended.
#[derive(Debug, Default)]
struct AllDropped {
    ended: u64,
    ended_interruptions: u64,
    counted: Vec<Dropped>,
}

impl Counters {
    /// Counts events that were handled.
    pub(crate) fn done(&self, messages: u32, time: Duration) {
        if messages > 0 {
            self.busy(time);
            #[cfg(feature = "metrics")]
            if let Some(times) = self.times.get() {
                times.record_many(time / messages, messages as usize);
            }
            self.handled.fetch_add(u64::from(messages), Relaxed);
        }
    }

    /// Records from now on how long the handler takes; of quick ones that followed each other the mean
    /// time.
    #[cfg(feature = "metrics")]
    pub(crate) fn time(&self, times: metrics::Histogram) {
        // A route is started once.
        let _ = self.times.set(times);
    }

    fn busy(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.busy_nanos.fetch_add(nanos, Relaxed);
    }

    /// `disposition` is what becomes of a stream's message.
    pub(crate) fn count(
        &self,
        handled: &HandlerExit,
        disposition: Option<&Disposition>,
        took: Duration,
    ) {
        self.busy(took);
        #[cfg(feature = "metrics")]
        if let Some(times) = self.times.get() {
            times.record(took);
        }
        if matches!(disposition, Some(Disposition::Retry(_))) {
            self.retried.fetch_add(1, Relaxed);
        }
        match handled {
            HandlerExit::Returned(Outcome::Done | Outcome::Reply(_)) => {
                self.handled.fetch_add(1, Relaxed);
            }
            HandlerExit::Returned(Outcome::Declared { .. }) => {
                self.handled.fetch_add(1, Relaxed);
                self.declared.fetch_add(1, Relaxed);
            }
            HandlerExit::Returned(Outcome::Failed(failure)) => {
                let is_rejected = failure.verdict() == Verdict::Reject;
                let counter = match disposition {
                    Some(Disposition::DeadLetter(DeadLetterReason::Rejected)) => &self.rejected,
                    Some(Disposition::Defer(_)) => &self.deferred,
                    None if is_rejected => &self.rejected,
                    _ => &self.failed,
                };
                counter.fetch_add(1, Relaxed);
            }
            HandlerExit::Panicked(_) => {
                self.failed.fetch_add(1, Relaxed);
                self.panicked.fetch_add(1, Relaxed);
            }
            HandlerExit::Overdue(_) => {
                self.failed.fetch_add(1, Relaxed);
                self.overdue.fetch_add(1, Relaxed);
            }
            HandlerExit::UsedUp => {
                self.failed.fetch_add(1, Relaxed);
            }
            HandlerExit::Undecodable(_) => {
                let is_given_back = matches!(disposition, Some(Disposition::GiveBack(_)));
                let counter = if is_given_back { &self.given_back } else { &self.undecodable };
                counter.fetch_add(1, Relaxed);
            }
            HandlerExit::Aborted => {
                self.aborted.fetch_add(1, Relaxed);
            }
        }
    }

    /// Keeps what an asker was told of an error.
    pub(crate) fn told(&self, error: &str) {
        error.clone_into(&mut locked(&self.last_error));
    }

    pub(crate) fn report(&self, message: String) -> RouteReport {
        let (dropped, interrupted) = self.dropped().counts();
        RouteReport {
            message,
            handled: self.handled.load(Relaxed),
            failed: self.failed.load(Relaxed),
            retried: self.retried.load(Relaxed),
            panicked: self.panicked.load(Relaxed),
            overdue: self.overdue.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            deferred: self.deferred.load(Relaxed),
            undecodable: self.undecodable.load(Relaxed),
            given_back: self.given_back.load(Relaxed),
            dead_lettered: self.dead_lettered.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed) as u64,
            unstored: *self.unstored(),
            aborted: self.aborted.load(Relaxed),
            left: self.left.load(Relaxed),
            dropped,
            interrupted,
            unanswered: self.refused.times(),
            passed_over: self.skipped.skipped(),
            unwarranted: self.skipped.unwarranted(),
        }
    }

    /// Counters of messages that no handler gets, or whose headers are not believed.
    pub(crate) fn skip_counters(&self) -> &SkipCounters {
        &self.skipped
    }

    /// Counts, from now on, what this subscription drops.
    pub(crate) fn watch(&self, dropped: &Dropped) {
        let mut all = self.dropped();
        let AllDropped { ended, ended_interruptions, counted } = &mut *all;
        for over in counted.extract_if(.., |one| one.is_final()) {
            *ended += over.count();
            *ended_interruptions += over.interruptions();
        }
        counted.push(dropped.clone());
    }

    fn dropped(&self) -> MutexGuard<'_, AllDropped> {
        locked(&self.dropped)
    }

    /// Sets the number of messages that are being handled now.
    pub(crate) fn are_in_flight(&self, messages: usize) {
        self.in_flight.store(messages, Relaxed);
    }

    /// Counts a message that is given up, once its letter is stored.
    pub(crate) fn put_aside(&self) {
        self.dead_lettered.fetch_add(1, Relaxed);
    }

    /// Number of messages that wait for their letters to be stored.
    pub(crate) fn unstored(&self) -> MutexGuard<'_, u64> {
        locked(&self.unstored)
    }

    /// Counts a message whose headers no client can read.
    pub(crate) fn unreadable(&self) {
        self.undecodable.fetch_add(1, Relaxed);
    }

    /// Counts a message that came and was not begun.
    pub(crate) fn left(&self) {
        self.left.fetch_add(1, Relaxed);
    }
}

impl EndpointCounts for Counters {
    fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Relaxed);
        let unanswered = load(&self.failed)
            + load(&self.rejected)
            + load(&self.undecodable)
            + load(&self.aborted)
            + load(&self.left);
        Counts {
            // A declared error is a request that was handled, and an error. Nothing is subtracted:
            // counts that change meanwhile could make less than nothing.
            requests: unanswered + load(&self.handled),
            errors: unanswered + load(&self.declared),
            busy_nanos: load(&self.busy_nanos),
            last_error: locked(&self.last_error).clone(),
        }
    }
}

impl AllDropped {
    /// Number of messages that were dropped, and of times that there was no connection.
    fn counts(&self) -> (u64, u64) {
        let dropped = self.counted.iter().map(Dropped::count).sum::<u64>();
        let interruptions = self.counted.iter().map(Dropped::interruptions).sum::<u64>();
        (self.ended + dropped, self.ended_interruptions + interruptions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_that_have_ended_are_a_number() {
        let counters = Counters::default();
        for _ in 0..100 {
            let dropped = Dropped::default();
            counters.watch(&dropped);
            dropped.one_more("orders.>");
            dropped.interrupted(2);
        }
        let report = counters.report(String::new());
        assert_eq!((report.dropped, report.interrupted), (100, 200));
        assert!(counters.dropped().counted.len() <= 2);
    }
}
