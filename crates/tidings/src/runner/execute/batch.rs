//! One route's handler at work on many messages, each of which is settled by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::permit::{Health, Place};
use crate::context::Context;
use crate::envelope::DecodeError;
use crate::failure::Failure;
use crate::handler::{Dispatched, Dispatching, Mark};
use crate::message::Outcome;
use crate::runner::execute::Shared;
use crate::runner::in_flight::backlog::Taken;
use crate::runner::settle::handler_exit::{Cut, Handled};

/// How a batch ended, as far as it is the same for all that was not marked.
enum Ended {
    Returned(Result<(), Failure>),
    Cut(Cut),
}

impl Shared {
    pub(crate) async fn work_on_all(self: &Arc<Self>, batch: Vec<Taken>, place: &mut Place) {
        let (settled, batch): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|taken| self.account.is_settled(&taken.incoming));
        for taken in &settled {
            self.pass(&taken.incoming);
        }
        let (mut spent, mut fresh) = (Vec::new(), Vec::with_capacity(batch.len()));
        for taken in batch {
            if self.is_over(&taken.incoming) && self.is_done(&taken.incoming).await {
                continue;
            }
            let is_spent = self.is_spent(&taken.incoming).await;
            if is_spent { spent.push(taken) } else { fresh.push(taken) }
        }
        let batch = fresh;
        let begun = Instant::now();
        let (ended, marks) = self.call_with_all(&batch).await;
        let each = begun.elapsed() / u32::try_from(batch.len()).unwrap_or(u32::MAX).max(1);
        let handled = batch.into_iter().zip(marks).map(|(taken, mark)| {
            let handled = handled(&ended, mark);
            (taken, handled, each)
        });
        let spent = spent.into_iter().map(|taken| (taken, Handled::UsedUp, Duration::ZERO));
        // Side by side: one whose letter can't be stored must not keep the others from being acked.
        let all = spent.chain(handled);
        let concluding = all.map(|(taken, handled, took)| self.conclude(taken, handled, took));
        let mut health = Health::Unknown;
        for (one, later) in join_all(concluding).await {
            place.defer(later);
            // One that failed by itself says nothing of the handler, as long as others did not.
            if one == Health::Well || health == Health::Unknown {
                health = one;
            }
        }
        place.health = health;
    }

    /// Runs the handler, as long as it may; gives for each message where its mark is.
    async fn call_with_all(&self, batch: &[Taken]) -> (Ended, Vec<Result<Mark, DecodeError>>) {
        let unmarked = || batch.iter().map(|_| Ok(Mark::default())).collect();
        let (Dispatching::Batch(dispatch), Some(first)) = (&self.dispatch, batch.first()) else {
            return (Ended::Returned(Ok(())), unmarked());
        };
        let cx = |taken: &Taken| Context::new(&taken.incoming);
        let of_batch = Context::of_batch(&self.place, first.incoming.subject.clone());
        let mut marks = None;
        let work = async {
            for taken in batch {
                taken.underway.hold().await;
            }
            let messages = batch.iter().map(|taken| (&**taken.incoming, cx(taken))).collect();
            let Dispatched { items, work } = dispatch.dispatch(messages, of_batch);
            marks = Some(items);
            match work {
                Some(work) => work.await,
                None => Ok(()),
            }
        };
        let ended = match self.guard(work).await {
            Ok(result) => Ended::Returned(result),
            Err(cut) => Ended::Cut(cut),
        };
        (ended, marks.unwrap_or_else(unmarked))
    }
}

/// What became of one message of a batch.
fn handled(ended: &Ended, mark: Result<Mark, DecodeError>) -> Handled {
    let mark = match mark {
        Ok(mark) => mark.take(),
        Err(error) => return Handled::Undecodable(error),
    };
    let of_batch = |result: Result<(), Failure>| Handled::Returned(Outcome::of_event(result));
    match (mark, ended) {
        (Some(mark), _) => of_batch(mark),
        (None, Ended::Returned(Ok(()))) => of_batch(Ok(())),
        (None, Ended::Returned(Err(failure))) => of_batch(Err(failure.share())),
        (None, Ended::Cut(Cut::Panicked(text))) => Handled::Panicked(text.clone()),
        (None, Ended::Cut(Cut::Overdue(deadline))) => Handled::Overdue(*deadline),
        (None, Ended::Cut(Cut::Aborted)) => Handled::Aborted,
    }
}
