//! Handling a message in the scheduler's own task, polled once. The clock is read once for several
//! messages that are handled one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::task::coop;
use tokio_util::sync::ReusableBoxFuture;

use super::inline_budget::{Elapsed, InlineBudget};
use super::stage::Stage;
use crate::context::{self, HandledMessage};
use crate::handler::{Dispatching, FutureSlot, empty_slot};
use crate::message::Outcome;
use crate::probe::Span;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::disposition::Health;
use crate::runner::policy::handler_exit::{HandlerExit, Interruption};
use crate::runner::settle::{self, Settled};

/// Executor of quick handlers, on the scheduler's own task.
pub(crate) struct InlineExecutor {
    slot: FutureSlot,
    budget: InlineBudget,
    /// `true` if the budget allows it; asked with every message.
    is_quick: bool,
    /// Number of messages in a row that were done without any wait.
    in_a_row: u32,
    timer: BatchTimer,
    /// Future that settles or answers a message, where that is more than an ack.
    settling: ReusableBoxFuture<'static, Settled>,
}

impl Default for InlineExecutor {
    fn default() -> Self {
        let settling = ReusableBoxFuture::new(std::future::pending());
        Self {
            slot: empty_slot(),
            budget: InlineBudget::default(),
            is_quick: false,
            in_a_row: 0,
            timer: BatchTimer::default(),
            settling,
        }
    }
}

impl InlineExecutor {
    /// Number of messages in a row that were done without any wait.
    pub(crate) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// Returns `true` if a message may be handled here: not one that a test holds back or disturbs, nor
    /// without budget, since a handler would wait in vain.
    pub(crate) fn is_free(&self, span: &Span) -> bool {
        self.is_quick && !span.is_disturbed() && coop::has_budget_remaining()
    }

    fn charge(&mut self, elapsed: Elapsed) {
        self.budget.took(elapsed);
        self.is_quick = self.budget.is_quick();
    }

    /// No message follows at once.
    pub(crate) fn rest(&mut self, active: &ActiveRoute) {
        let elapsed = self.timer.rest();
        self.count(active, elapsed);
    }

    /// Counts messages that were done, of which nothing more is to be said.
    fn count(&mut self, active: &ActiveRoute, elapsed: Option<Elapsed>) {
        if let Some(elapsed) = elapsed {
            self.charge(elapsed);
            active.counters.done(elapsed.messages, elapsed.time);
        }
    }

    /// A handler kept its thread for so long until it first waited.
    pub(crate) fn learn(&mut self, kept: Duration) {
        self.in_a_row = 0;
        self.charge(Elapsed { messages: 1, time: kept });
    }

    /// Handles a message as far as nothing waits; what is left is for a task to go on with. Says also whether nothing else may have been taken meanwhile.
    #[inline]
    pub(crate) fn handle(
        &mut self,
        active: &Arc<ActiveRoute>,
        message: &Arc<HandledMessage>,
        span: &mut Span,
    ) -> Result<(Health, bool), Stage> {
        let handled = self.begin(active, message, span);
        self.in_a_row = match &handled {
            Ok(_) => self.in_a_row.saturating_add(1),
            // What keeps this message is the way to the server, not the handler.
            Err(Stage::Ended { .. }) => self.in_a_row,
            Err(_) => 0,
        };
        handled
    }

    fn begin(
        &mut self,
        active: &Arc<ActiveRoute>,
        message: &Arc<HandledMessage>,
        span: &mut Span,
    ) -> Result<(Health, bool), Stage> {
        let Dispatching::Each(dispatch) = &active.dispatch else { return Err(Stage::Fresh) };
        // One that comes again may have to be given up instead: a task looks.
        if message.receipt.as_ref().is_some_and(|receipt| receipt.attempt > active.attempts_inline)
            && !active.is_small(message)
        {
            return Err(Stage::Fresh);
        }
        self.timer.begin();
        // The keep-alive task tells the server of the message also while its handler blocks this thread.
        let is_told = message.settle.is_some();
        if is_told {
            active.in_flight.begin_inline(Arc::clone(message));
        }
        let cx = context::Context::new(message);
        let mut waker = Context::from_waker(Waker::noop());
        message.span.begin(&active.spans, message, &active.link.transport);
        let work = || match dispatch.dispatch(message, cx, &mut self.slot) {
            Ok(()) => self.slot.poll(&mut waker).map(HandlerExit::Returned),
            Err(error) => Poll::Ready(HandlerExit::Undecodable(error)),
        };
        let handled = caught(|| message.span.within(work));
        let alone = !is_told || !active.in_flight.end_inline();
        match handled {
            Poll::Ready(handled) => {
                let health = self.settle(active, message, span, handled)?;
                Ok((health, alone))
            }
            Poll::Pending => {
                let slot = std::mem::replace(&mut self.slot, empty_slot());
                let took = self.took(active);
                Err(Stage::Begun { slot, took })
            }
        }
    }

    /// Measures the time of the last message, of which more is to be said. Where others came at
    /// once before it nobody has read the clock: it took what each of them did.
    fn took(&mut self, active: &ActiveRoute) -> Duration {
        let elapsed = self.timer.finish();
        self.charge(elapsed);
        let took = elapsed.mean();
        let before =
            Elapsed { messages: elapsed.messages - 1, time: elapsed.time.saturating_sub(took) };
        active.counters.done(before.messages, before.time);
        took
    }

    /// Settles or answers a message that its handler is done with, as far as nothing waits.
    fn settle(
        &mut self,
        active: &Arc<ActiveRoute>,
        message: &Arc<HandledMessage>,
        span: &mut Span,
        handled: HandlerExit,
    ) -> Result<Health, Stage> {
        // An event's that has gone well, as nearly all do.
        if matches!(handled, HandlerExit::Returned(Outcome::Done))
            && settle::settle_at_once(active, message, span, &handled).is_some()
        {
            let elapsed = self.timer.done();
            self.count(active, elapsed);
            return Ok(Health::Well);
        }
        let took = self.took(active);
        if message.settle.is_some() {
            return Err(Stage::Ended { handled, took });
        }
        // Whoever asked gets the answer.
        let queued = QueuedMessage::new(Arc::clone(message), std::mem::take(span), None);
        let active = Arc::clone(active);
        self.settling.set(async move { settle::settle(&active, queued, handled, took).await });
        match self.settling.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready((health, _)) => Ok(health),
            Poll::Pending => {
                let nothing = ReusableBoxFuture::new(std::future::pending());
                let settling = std::mem::replace(&mut self.settling, nothing);
                Err(Stage::Settling(settling))
            }
        }
    }
}

/// Runs what a user wrote, now: it may panic.
#[inline]
fn caught(work: impl FnOnce() -> Poll<HandlerExit>) -> Poll<HandlerExit> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Poll::Ready(Interruption::panicked(panic).into_handled()))
}

/// Number of messages after which the clock is read. A handler that becomes slow is known for it
/// after so many at most.
const BATCH: u32 = 8;

/// Messages that are handled one after the other.
#[derive(Debug, Default)]
pub(crate) struct BatchTimer {
    begun: Option<Instant>,
    done: u32,
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
        (self.done >= BATCH).then(|| self.end())
    }

    /// A message was done; gives what those took that were not told of, this one among them.
    pub(crate) fn finish(&mut self) -> Elapsed {
        self.done += 1;
        self.end()
    }

    /// Ends a run that nothing follows at once; gives what those took that were not told of.
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
        let told: Vec<_> = (0..=2 * BATCH)
            .filter_map(|_| {
                timer.begin();
                timer.done()
            })
            .collect();
        assert_eq!(told.iter().map(|elapsed| elapsed.messages).collect::<Vec<_>>(), [BATCH, BATCH]);
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
