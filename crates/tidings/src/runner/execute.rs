//! A route's handler at work: guarded against panics, and bounded in time.

mod batch;
mod guard;
pub(super) mod inline;
mod inline_budget;
pub(super) mod permit;
pub(super) mod stage;
mod whole;

use std::borrow::Cow;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use self::batch::work_on_all;
use self::guard::guard;
use self::permit::Permit;
use self::stage::Stage;
use self::whole::with_payload;
use super::active_route::ActiveRoute;
use super::in_flight::queued_message::QueuedMessage;
use super::policy::disposition::Health;
use super::policy::handler_exit::{HandlerExit, Interruption};
use super::settle::redelivered;
use super::settle::{self, Settled};
use crate::context::Context;
use crate::handler::{Dispatch, Dispatching, empty_slot};
use crate::user_code::panic_text;

/// Handles messages together, in a task of their own; the permit is given back when all of them
/// are settled.
pub(crate) fn handle_batch(
    active: &Arc<ActiveRoute>,
    batch: Vec<QueuedMessage>,
    mut permit: Permit,
) {
    let own = Arc::clone(active);
    active.lifecycle.tasks.spawn(async move {
        let active = own;
        let work = AssertUnwindSafe(work_on_all(&active, batch, &mut permit));
        if let Err(panic) = work.catch_unwind().await {
            active.panicked(&panic_text(panic));
        }
    });
}

/// Goes on with a message in a task of its own; the permit is given back when it is settled.
pub(crate) fn handle(
    active: &Arc<ActiveRoute>,
    queued: QueuedMessage,
    stage: Stage,
    mut permit: Permit,
) {
    let own = Arc::clone(active);
    active.lifecycle.tasks.spawn(async move {
        let active = own;
        let work = AssertUnwindSafe(run_to_end(&active, queued, stage, &mut permit.kept));
        match work.catch_unwind().await {
            Ok((health, later)) => {
                permit.health = health;
                permit.defer(later);
            }
            Err(panic) => active.panicked(&panic_text(panic)),
        }
    });
}

/// Handles and settles a message, or what is left of that; `kept` is for how long the handler
/// kept its thread until it first waited.
async fn run_to_end(
    active: &Arc<ActiveRoute>,
    queued: QueuedMessage,
    stage: Stage,
    kept: &mut Option<Duration>,
) -> Settled {
    // The wall's clock: it is how long the machine was busy, also where a test turns tokio's.
    let begun = std::time::Instant::now();
    let (handled, took) = match stage {
        Stage::Fresh => {
            let handled = match &active.dispatch {
                _ if active.is_over(&queued.incoming)
                    && redelivered::is_done(active, &queued.incoming).await =>
                {
                    return (Health::Unknown, None);
                }
                _ if redelivered::is_spent(active, &queued.incoming).await => HandlerExit::UsedUp,
                Dispatching::Each(dispatch) => call(active, &**dispatch, &queued, kept).await,
                // It is handled with others, in `batch`.
                Dispatching::Batch(_) => HandlerExit::Aborted,
            };
            (handled, begun.elapsed())
        }
        Stage::Begun { mut slot, took } => {
            let span = &queued.incoming.span;
            let work = poll_fn(|cx| span.within(|| slot.poll(cx)));
            let handled = guard(active, work).await.map(HandlerExit::Returned);
            (handled.unwrap_or_else(Interruption::into_handled), took + begun.elapsed())
        }
        Stage::Ended { handled, took } => (handled, took),
        Stage::Settling(mut settling) => return poll_fn(|cx| settling.poll(cx)).await,
    };
    settle::settle(active, queued, handled, took).await
}

/// Runs the handler, as long as it may.
async fn call(
    active: &ActiveRoute,
    dispatch: &dyn Dispatch,
    queued: &QueuedMessage,
    kept: &mut Option<Duration>,
) -> HandlerExit {
    let cx = Context::new(&queued.incoming);
    let mut slot = empty_slot();
    // Decoding runs the user's code too: a panic there is caught as well.
    let handled = async {
        queued.span.hold().await;
        let (message, span) = (&queued.incoming, &queued.incoming.span);
        let whole = match with_payload(active, message).await {
            Ok(whole) => whole,
            Err(exit) => return exit,
        };
        if let Cow::Owned(whole) = &whole {
            message.keep_payload(whole.payload.clone());
        }
        let begun = std::time::Instant::now();
        span.begin(&active.spans, message, &active.link.transport);
        if let Err(error) = span.within(|| dispatch.dispatch(&whole, cx, &mut slot)) {
            *kept = Some(begun.elapsed());
            return HandlerExit::Undecodable(error);
        }
        let outcome = poll_fn(|task| {
            let polled = span.within(|| slot.poll(task));
            kept.get_or_insert_with(|| begun.elapsed());
            polled
        });
        HandlerExit::Returned(outcome.await)
    };
    guard(active, handled).await.unwrap_or_else(Interruption::into_handled)
}

#[cfg(test)]
mod tests;
