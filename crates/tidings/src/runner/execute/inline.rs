//! Handling a message where it was taken: no task, no way back.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::coop;
use tokio_util::sync::ReusableBoxFuture;

use super::batch_timer::{Spent, Stint};
use super::inline_budget::Haste;
use super::permit::Health;
use crate::context::{self, Matter};
use crate::handler::{Desk, Dispatching, empty_desk};
use crate::message::Outcome;
use crate::probe::Underway;
use crate::runner::execute::{Shared, Stage, caught};
use crate::runner::in_flight::backlog::Taken;
use crate::runner::schedule::Ahead;
use crate::runner::settle::Concluded;
use crate::runner::settle::handler_exit::Handled;

/// After how many messages in a row that were done at once it is likely that the next will be.
const ENOUGH: u32 = 16;

/// What an intake handles messages with.
pub(crate) struct Hand {
    desk: Desk,
    haste: Haste,
    /// How many messages in a row were done without any wait.
    in_a_row: u32,
    stint: Stint,
    /// What is done about a message once its handler has ended, where that is more than an ack.
    conclusion: ReusableBoxFuture<'static, Concluded>,
}

impl Default for Hand {
    fn default() -> Self {
        let conclusion = ReusableBoxFuture::new(std::future::pending());
        Self {
            desk: empty_desk(),
            haste: Haste::default(),
            in_a_row: 0,
            stint: Stint::default(),
            conclusion,
        }
    }
}

impl Hand {
    /// How many messages may wait: more the longer they are done as soon as they come. Until that
    /// is believed, each question brings some more than the one before.
    pub(crate) fn ahead(&self, Ahead { usual, quick }: Ahead) -> usize {
        match self.in_a_row {
            ENOUGH.. => quick,
            few => usual.max(4 * few as usize).min(quick),
        }
    }

    /// Whether a message may be handled here.
    pub(crate) fn is_free(&self, underway: &Underway) -> bool {
        // A test's bus may hold it back; and without budget a handler would wait in vain.
        self.haste.is_quick() && !underway.is_watched() && coop::has_budget_remaining()
    }

    /// No message follows at once.
    pub(crate) fn rest(&mut self, shared: &Shared) {
        let spent = self.stint.rest();
        self.count(shared, spent);
    }

    /// So many were done, and nothing more is to be said of them.
    fn count(&mut self, shared: &Shared, spent: Option<Spent>) {
        if let Some(spent) = spent {
            self.haste.took(spent);
            shared.tally.done(spent);
        }
    }

    /// A handler kept its thread for so long until it first waited.
    pub(crate) fn learn(&mut self, kept: Duration) {
        self.in_a_row = 0;
        self.haste.took(Spent { messages: 1, time: kept });
    }

    /// Handles a message that nobody watches, as far as nothing waits; what is left is for a task
    /// to go on with. Says also whether nothing else may have been taken meanwhile.
    #[inline]
    pub(crate) fn handle(
        &mut self,
        shared: &Arc<Shared>,
        message: &Arc<Matter>,
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
        message: &Arc<Matter>,
    ) -> Result<(Health, bool), Stage> {
        let Dispatching::Each(dispatch) = &shared.dispatch else { return Err(Stage::Fresh) };
        if shared.is_over(message) {
            return Err(Stage::Fresh);
        }
        self.stint.begin();
        // Whoever tells the server of it does so also while it blocks this thread.
        let is_told = message.settle.is_some();
        if is_told {
            shared.ledger.take_in_hand(Arc::clone(message));
        }
        let cx = context::Context::new(message);
        let mut waker = Context::from_waker(Waker::noop());
        let handled = caught(|| match dispatch.dispatch(message, cx, &mut self.desk) {
            Ok(()) => self.desk.poll(&mut waker).map(|outcome| match outcome {
                Outcome::Done => None,
                outcome => Some(Handled::Returned(outcome)),
            }),
            Err(error) => Poll::Ready(Some(Handled::Undecodable(error))),
        });
        let alone = !is_told || !shared.ledger.put_down();
        match handled {
            Poll::Ready(handled) => {
                let health = self.conclude(shared, message, handled)?;
                Ok((health, alone))
            }
            Poll::Pending => {
                let desk = std::mem::replace(&mut self.desk, empty_desk());
                let took = self.took(shared);
                Err(Stage::Begun { desk, took })
            }
        }
    }

    /// How long the last message took, of which more is to be said. Where others came at once
    /// before it nobody has read the clock: it took what each of them did.
    fn took(&mut self, shared: &Shared) -> Duration {
        let spent = self.stint.finish();
        self.haste.took(spent);
        let took = spent.mean();
        let before = Spent { messages: spent.messages - 1, time: spent.time.saturating_sub(took) };
        shared.tally.done(before);
        took
    }

    /// What is left to do with a message that its handler is done with; `None` is an event's that
    /// has gone well, as nearly all do.
    fn conclude(
        &mut self,
        shared: &Arc<Shared>,
        message: &Arc<Matter>,
        handled: Option<Handled>,
    ) -> Result<Health, Stage> {
        if handled.is_none() && shared.is_plain(message) {
            let acked = match &message.settle {
                None => Some(Ok(())),
                Some(_) if shared.acks_all => {
                    let due = shared.ledger.cover(|cover| cover.handled(message));
                    shared.acknowledge_all(due);
                    Some(Ok(()))
                }
                // Without room on the way to the server it waits, in a task.
                Some(settle) => settle.ack_at_once(),
            };
            if let Some(acked) = acked {
                let spent = self.stint.done();
                self.count(shared, spent);
                if acked.is_err() {
                    shared.unsettled(message, acked);
                }
                return Ok(Health::Well);
            }
        }
        let handled = handled.unwrap_or(Handled::Returned(Outcome::Done));
        let took = self.took(shared);
        if message.settle.is_some() {
            return Err(Stage::Ended { handled, took });
        }
        // Whoever asked gets the answer.
        let taken = Taken::new(Arc::clone(message), Underway::default(), None);
        let shared = Arc::clone(shared);
        self.conclusion.set(async move { shared.conclude(taken, handled, took).await });
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
