//! A route's handler at work on many messages, each of which is settled by itself.

use std::borrow::Cow;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::guard::guard;
use super::permit::Permit;
use super::whole::with_payload;
use crate::context::Context;
use crate::envelope::DecodeError;
use crate::failure::Failure;
use crate::handler::{Dispatched, Dispatching, Mark};
use crate::message::Outcome;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::disposition::Health;
use crate::runner::policy::handler_exit::{HandlerExit, Interruption};
use crate::runner::settle::redelivered;
use crate::runner::settle::{self, acknowledge};
use crate::transport::{Incoming, SettlementReason};

/// End of a batch, as far as it is the same for all that was not marked.
enum Ended {
    Returned(Result<(), Failure>),
    Interruption(Interruption),
}

pub(crate) async fn work_on_all(
    active: &Arc<ActiveRoute>,
    batch: Vec<QueuedMessage>,
    permit: &mut Permit,
) {
    let (settled, batch): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|queued| active.ack_floor.is_settled(&queued.incoming));
    for queued in &settled {
        acknowledge::pass(active, &queued.incoming, SettlementReason::SettledBefore);
    }
    let (mut spent, mut fresh) = (Vec::new(), Vec::with_capacity(batch.len()));
    for queued in batch {
        if active.is_over(&queued.incoming) && redelivered::is_done(active, &queued.incoming).await
        {
            continue;
        }
        let is_spent = redelivered::is_spent(active, &queued.incoming).await;
        if is_spent { spent.push(queued) } else { fresh.push(queued) }
    }
    let batch = fresh;
    let begun = Instant::now();
    let (ended, marks) = call_with_all(active, &batch).await;
    let each = begun.elapsed() / u32::try_from(batch.len()).unwrap_or(u32::MAX).max(1);
    let handled = batch.into_iter().zip(marks).map(|(queued, mark)| {
        let handled = handled(&ended, mark);
        (queued, handled, each)
    });
    let spent = spent.into_iter().map(|queued| (queued, HandlerExit::UsedUp, Duration::ZERO));
    // Side by side: one whose letter can't be stored must not keep the others from being acked.
    let all = spent.chain(handled);
    let settling = all.map(|(queued, handled, took)| settle::settle(active, queued, handled, took));
    let mut health = Health::Unknown;
    for (one, later) in join_all(settling).await {
        permit.defer(later);
        // One that failed by itself says nothing of the handler, as long as others did not.
        if one == Health::Well || health == Health::Unknown {
            health = one;
        }
    }
    permit.health = health;
}

/// Runs the handler, as long as it may; gives for each message where its mark is.
async fn call_with_all(
    active: &ActiveRoute,
    batch: &[QueuedMessage],
) -> (Ended, Vec<Result<Mark, DecodeError>>) {
    let unmarked = || batch.iter().map(|_| Ok(Mark::default())).collect();
    let (Dispatching::Batch(dispatch), Some(first)) = (&active.dispatch, batch.first()) else {
        return (Ended::Returned(Ok(())), unmarked());
    };
    let cx = |queued: &QueuedMessage| Context::new(&queued.incoming);
    let of_batch = Context::of_batch(&active.route_context, first.incoming.subject.clone());
    let mut marks = None;
    let each = batch.iter().map(|queued| (&**queued.incoming, &queued.incoming.span));
    let span = active.spans.begin_batch(each, &active.link.transport);
    let work = async {
        for queued in batch {
            queued.span.hold().await;
        }
        let whole = join_all(batch.iter().map(|one| with_payload(active, &one.incoming))).await;
        let messages = whole.iter().zip(batch);
        let messages = messages.filter_map(|(whole, one)| Some((&**whole.as_ref().ok()?, cx(one))));
        let messages = messages.collect();
        let Dispatched { items, work } = span.within(|| dispatch.dispatch(messages, of_batch));
        marks = Some(merged(whole, items));
        match work {
            Some(mut work) => poll_fn(|cx| span.within(|| work.as_mut().poll(cx))).await,
            None => Ok(()),
        }
    };
    let ended = match guard(active, work).await {
        Ok(result) => Ended::Returned(result),
        Err(cut) => Ended::Interruption(cut),
    };
    if span.is_on() {
        span.end(handled(&ended, Ok(Mark::default())).ended(None));
    }
    (ended, marks.unwrap_or_else(unmarked))
}

/// State of each message by now: its payload can't be had, or the outcome of the others.
fn merged(
    whole: Vec<Result<Cow<'_, Incoming>, HandlerExit>>,
    items: Vec<Result<Mark, DecodeError>>,
) -> Vec<Result<Mark, DecodeError>> {
    let mut items = items.into_iter();
    let each = whole.into_iter().filter_map(|whole| match whole {
        Ok(_) => items.next(),
        Err(HandlerExit::Undecodable(error)) => Some(Err(error)),
        Err(HandlerExit::Returned(Outcome::Failed(failure))) => Some(Ok(Mark::failed(failure))),
        Err(_) => Some(Ok(Mark::default())),
    });
    each.collect()
}

/// The exit of a batch's handler for one of its messages.
fn handled(ended: &Ended, mark: Result<Mark, DecodeError>) -> HandlerExit {
    let mark = match mark {
        Ok(mark) => mark.take(),
        Err(error) => return HandlerExit::Undecodable(error),
    };
    let of_batch = |result: Result<(), Failure>| HandlerExit::Returned(Outcome::of_event(result));
    match (mark, ended) {
        (Some(mark), _) => of_batch(mark),
        (None, Ended::Returned(Ok(()))) => of_batch(Ok(())),
        (None, Ended::Returned(Err(failure))) => of_batch(Err(failure.share())),
        (None, Ended::Interruption(Interruption::Panicked(text))) => {
            HandlerExit::Panicked(text.clone())
        }
        (None, Ended::Interruption(Interruption::Overdue(deadline))) => {
            HandlerExit::Overdue(*deadline)
        }
        (None, Ended::Interruption(Interruption::Aborted)) => HandlerExit::Aborted,
    }
}
