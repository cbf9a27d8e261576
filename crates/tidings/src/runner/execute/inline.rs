//! Handling a message where it was taken: no task, no way back.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::coop;
use tokio_util::sync::ReusableBoxFuture;

use super::batch_timer::{BatchTimer, Elapsed};
use super::inline_budget::InlineBudget;
use super::permit::Health;
use crate::context::{self, HandledMessage};
use crate::handler::{Dispatching, FutureSlot, empty_slot};
use crate::message::Outcome;
use crate::probe::Span;
use crate::runner::execute::{Shared, Stage, caught};
use crate::runner::in_flight::backlog::QueuedMessage;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::runner::schedule::Prefetch;
use crate::runner::settle::Settled;

/// After how many messages in a row that were done at once it is likely that the next will be.
const ENOUGH: u32 = 16;

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
    /// How many messages may wait: more the longer they are done as soon as they come. Until that
    /// is believed, each question brings some more than the one before.
    pub(crate) fn ahead(&self, Prefetch { usual, quick }: Prefetch) -> usize {
        match self.in_a_row {
            ENOUGH.. => quick,
            few => usual.max(4 * few as usize).min(quick),
        }
    }

    /// Whether a message may be handled here.
    pub(crate) fn is_free(&self, underway: &Span) -> bool {
        // A test's bus may hold it back; and without budget a handler would wait in vain.
        self.budget.is_quick() && !underway.is_watched() && coop::has_budget_remaining()
    }

    /// No message follows at once.
    pub(crate) fn rest(&mut self, shared: &Shared) {
        let elapsed = self.timer.rest();
        self.count(shared, elapsed);
    }

    /// So many were done, and nothing more is to be said of them.
    fn count(&mut self, shared: &Shared, elapsed: Option<Elapsed>) {
        if let Some(elapsed) = elapsed {
            self.budget.took(elapsed);
            shared.counters.done(elapsed);
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
        shared: &Arc<Shared>,
        message: &Arc<HandledMessage>,
    ) -> Result<(Health, bool), Stage> {
        let handled = self.begin(shared, message);
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
        shared: &Arc<Shared>,
        message: &Arc<HandledMessage>,
    ) -> Result<(Health, bool), Stage> {
        let Dispatching::Each(dispatch) = &shared.dispatch else { return Err(Stage::Fresh) };
        if shared.is_over(message) {
            return Err(Stage::Fresh);
        }
        self.timer.begin();
        // Whoever tells the server of it does so also while it blocks this thread.
        let is_told = message.settle.is_some();
        if is_told {
            shared.in_flight.take_in_hand(Arc::clone(message));
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
        let alone = !is_told || !shared.in_flight.put_down();
        match handled {
            Poll::Ready(handled) => {
                let health = self.conclude(shared, message, handled)?;
                Ok((health, alone))
            }
            Poll::Pending => {
                let slot = std::mem::replace(&mut self.slot, empty_slot());
                let took = self.took(shared);
                Err(Stage::Begun { slot, took })
            }
        }
    }

    /// How long the last message took, of which more is to be said. Where others came at once
    /// before it nobody has read the clock: it took what each of them did.
    fn took(&mut self, shared: &Shared) -> Duration {
        let elapsed = self.timer.finish();
        self.budget.took(elapsed);
        let took = elapsed.mean();
        let before =
            Elapsed { messages: elapsed.messages - 1, time: elapsed.time.saturating_sub(took) };
        shared.counters.done(before);
        took
    }

    /// What is left to do with a message that its handler is done with; `None` is an event's that
    /// has gone well, as nearly all do.
    fn conclude(
        &mut self,
        shared: &Arc<Shared>,
        message: &Arc<HandledMessage>,
        handled: Option<HandlerExit>,
    ) -> Result<Health, Stage> {
        if handled.is_none() && shared.is_plain(message) {
            let acked = match &message.settle {
                None => Some(Ok(())),
                Some(_) if shared.acks_all => {
                    let due = shared.in_flight.ack_window(|window| window.handled(message));
                    shared.acknowledge_all(due);
                    Some(Ok(()))
                }
                // Without room on the way to the server it waits, in a task.
                Some(settle) => settle.ack_at_once(),
            };
            if let Some(acked) = acked {
                let elapsed = self.timer.done();
                self.count(shared, elapsed);
                if acked.is_err() {
                    shared.unsettled(message, acked);
                }
                return Ok(Health::Well);
            }
        }
        let handled = handled.unwrap_or(HandlerExit::Returned(Outcome::Done));
        let took = self.took(shared);
        if message.settle.is_some() {
            return Err(Stage::Ended { handled, took });
        }
        // Whoever asked gets the answer.
        let queued = QueuedMessage::new(Arc::clone(message), Span::default(), None);
        let shared = Arc::clone(shared);
        self.conclusion.set(async move { shared.conclude(queued, handled, took).await });
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
