//! Handling a message where it was taken: no task, no way back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::coop;
use tokio_util::sync::ReusableBoxFuture;

use super::batch_timer::{BatchTimer, Elapsed};
use super::inline_budget::InlineBudget;
use super::stage::Stage;
use crate::context::{self, HandledMessage};
use crate::handler::{Dispatching, FutureSlot, empty_slot};
use crate::message::Outcome;
use crate::probe::Span;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::disposition::Health;
use crate::runner::policy::handler_exit::{HandlerExit, Interruption};
use crate::runner::settle::acknowledge::{acknowledge_all, unsettled};
use crate::runner::settle::{self, Settled};

/// What an intake handles messages with.
pub(crate) struct InlineExecutor {
    slot: FutureSlot,
    budget: InlineBudget,
    /// How many messages in a row were done without any wait.
    in_a_row: u32,
    timer: BatchTimer,
    /// What is done about a message once its handler has ended, where that is more than an ack.
    conclusion: ReusableBoxFuture<'static, Settled>,
}

impl Default for InlineExecutor {
    fn default() -> Self {
        let conclusion = ReusableBoxFuture::new(std::future::pending());
        Self {
            slot: empty_slot(),
            budget: InlineBudget::default(),
            in_a_row: 0,
            timer: BatchTimer::default(),
            conclusion,
        }
    }
}

impl InlineExecutor {
    /// How many messages in a row were done without any wait.
    pub(crate) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// Whether a message may be handled here.
    pub(crate) fn is_free(&self, underway: &Span) -> bool {
        // A test's bus may hold it back; and without budget a handler would wait in vain.
        self.budget.is_quick() && !underway.is_watched() && coop::has_budget_remaining()
    }

    /// No message follows at once.
    pub(crate) fn rest(&mut self, active: &ActiveRoute) {
        let elapsed = self.timer.rest();
        self.count(active, elapsed);
    }

    /// So many were done, and nothing more is to be said of them.
    fn count(&mut self, active: &ActiveRoute, elapsed: Option<Elapsed>) {
        if let Some(elapsed) = elapsed {
            self.budget.took(elapsed);
            active.counters.done(elapsed.messages, elapsed.time);
        }
    }

    /// A handler kept its thread for so long until it first waited.
    pub(crate) fn learn(&mut self, kept: Duration) {
        self.in_a_row = 0;
        self.budget.took(Elapsed { messages: 1, time: kept });
    }

    /// Handles a message that nobody watches, as far as nothing waits; what is left is for a task
    /// to go on with. Says also whether nothing else may have been taken meanwhile.
    #[inline]
    pub(crate) fn handle(
        &mut self,
        active: &Arc<ActiveRoute>,
        message: &Arc<HandledMessage>,
    ) -> Result<(Health, bool), Stage> {
        let handled = self.begin(active, message);
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
    ) -> Result<(Health, bool), Stage> {
        let Dispatching::Each(dispatch) = &active.dispatch else { return Err(Stage::Fresh) };
        if active.is_over(message) {
            return Err(Stage::Fresh);
        }
        self.timer.begin();
        // Whoever tells the server of it does so also while it blocks this thread.
        let is_told = message.settle.is_some();
        if is_told {
            active.in_flight.take_in_hand(Arc::clone(message));
        }
        let cx = context::Context::new(message);
        let mut waker = Context::from_waker(Waker::noop());
        let handled = caught(|| match dispatch.dispatch(message, cx, &mut self.slot) {
            Ok(()) => self.slot.poll(&mut waker).map(|outcome| match outcome {
                Outcome::Done => None,
                outcome => Some(HandlerExit::Returned(outcome)),
            }),
            Err(error) => Poll::Ready(Some(HandlerExit::Undecodable(error))),
        });
        let alone = !is_told || !active.in_flight.put_down();
        match handled {
            Poll::Ready(handled) => {
                let health = self.conclude(active, message, handled)?;
                Ok((health, alone))
            }
            Poll::Pending => {
                let slot = std::mem::replace(&mut self.slot, empty_slot());
                let took = self.took(active);
                Err(Stage::Begun { slot, took })
            }
        }
    }

    /// How long the last message took, of which more is to be said. Where others came at once
    /// before it nobody has read the clock: it took what each of them did.
    fn took(&mut self, active: &ActiveRoute) -> Duration {
        let elapsed = self.timer.finish();
        self.budget.took(elapsed);
        let took = elapsed.mean();
        let before =
            Elapsed { messages: elapsed.messages - 1, time: elapsed.time.saturating_sub(took) };
        active.counters.done(before.messages, before.time);
        took
    }

    /// What is left to do with a message that its handler is done with; `None` is an event's that
    /// has gone well, as nearly all do.
    fn conclude(
        &mut self,
        active: &Arc<ActiveRoute>,
        message: &Arc<HandledMessage>,
        handled: Option<HandlerExit>,
    ) -> Result<Health, Stage> {
        if handled.is_none() && active.is_plain(message) {
            let acked = match &message.settle {
                None => Some(Ok(())),
                Some(_) if active.acks_all => {
                    let due = active.in_flight.ack_window(|window| window.handled(message));
                    acknowledge_all(active, due);
                    Some(Ok(()))
                }
                // Without room on the way to the server it waits, in a task.
                Some(settle) => settle.ack_at_once(),
            };
            if let Some(acked) = acked {
                let elapsed = self.timer.done();
                self.count(active, elapsed);
                if acked.is_err() {
                    unsettled(active, message, acked);
                }
                return Ok(Health::Well);
            }
        }
        let handled = handled.unwrap_or(HandlerExit::Returned(Outcome::Done));
        let took = self.took(active);
        if message.settle.is_some() {
            return Err(Stage::Ended { handled, took });
        }
        // Whoever asked gets the answer.
        let queued = QueuedMessage::new(Arc::clone(message), Span::default(), None);
        let active = Arc::clone(active);
        self.conclusion.set(async move { settle::conclude(&active, queued, handled, took).await });
        match self.conclusion.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready((health, _)) => Ok(health),
            Poll::Pending => {
                let nothing = ReusableBoxFuture::new(std::future::pending());
                let conclusion = std::mem::replace(&mut self.conclusion, nothing);
                Err(Stage::Concluding(conclusion))
            }
        }
    }
}

/// Runs what a user wrote, now: it may panic.
pub(crate) fn caught<T: From<HandlerExit>>(work: impl FnOnce() -> Poll<T>) -> Poll<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Poll::Ready(Interruption::panicked(panic).into_handled().into()))
}
