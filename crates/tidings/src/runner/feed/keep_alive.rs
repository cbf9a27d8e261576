//! Tells the server of what is here of a route's messages, so that it does not come again
//! meanwhile.
//!
//! Neither a handler that blocks its thread could tell of itself, nor the intake, where it is the
//! one that runs it.

use std::sync::{Arc, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep};

use crate::runner::Worker;
use crate::runner::in_flight::InFlight;
use crate::runner::in_flight::backlog::QueuedMessage;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::in_flight::progress::Progress;
use crate::runner::schedule::message_feed::SharedPull;
use crate::transport::{Fault, Settlement};

/// Until it is dropped.
pub(crate) async fn run(worker: Worker, in_flight: Arc<InFlight>) {
    let Progress { every, limit } = worker.progress();
    let half = every / 2;
    loop {
        in_flight.stirred().await;
        while !in_flight.sleeps() {
            sleep(half).await;
            let now = Instant::now();
            let Some(before) = now.checked_sub(half) else { continue };
            if let Some(flow) = in_flight.stuck() {
                take_over(&worker, &in_flight, &flow);
                worker.shared.acknowledge_all(in_flight.ack_window(AckWindow::due));
            }
            let told = async {
                give_back_late(&worker, &in_flight, now).await?;
                tell(&in_flight, before, now, limit).await
            };
            if let Err(fault) = told.await {
                let route = worker.label();
                tracing::debug!(route, %fault, "the server can't be told of what is here");
            }
        }
    }
}

/// Gives back what has waited as long as a handler is told of, for an instance that has room.
///
/// One without a further attempt stays: given back it would be put aside, and was not tried.
async fn give_back_late(worker: &Worker, in_flight: &InFlight, now: Instant) -> Result<(), Fault> {
    let Progress { every, limit } = worker.progress();
    let keep = |queued: &QueuedMessage| worker.is_last_attempt(queued);
    let late = in_flight.take_late(now, limit, every * 2, worker.is_strict(), keep);
    if let Some(first) = late.first() {
        let (route, messages) = (worker.label(), late.len());
        tracing::warn!(route, messages, "messages that waited for too long are given back");
        worker.shared.note_given_back(first).await;
    }
    let mut given_back = Ok(());
    for queued in late {
        worker.send_back(&queued, &mut given_back).await;
    }
    given_back
}

async fn tell(
    in_flight: &InFlight,
    before: Instant,
    now: Instant,
    limit: Duration,
) -> Result<(), Fault> {
    while let Some(settle) = in_flight.tell(before, now, limit)? {
        settle.send(Settlement::Progress).await?;
    }
    Ok(())
}

/// Takes what has come, in place of an intake whose handler blocks it: what nobody has taken,
/// nobody could tell of.
fn take_over(worker: &Worker, in_flight: &InFlight, flow: &SharedPull) {
    let mut pull = match flow.try_lock() {
        Ok(pull) => pull,
        Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
        Err(TryLockError::WouldBlock) => return,
    };
    // Looked at again, now that the intake can't: from its next look on it is its waker that counts.
    let Some(pull) = pull.as_mut().filter(|_| in_flight.stuck().is_some()) else { return };
    // Nothing more is asked for.
    pull.set_room(0);
    let mut cx = Context::from_waker(Waker::noop());
    while pull.expects()
        && let Poll::Ready(Some(next)) = std::pin::pin!(unconstrained(pull.next())).poll(&mut cx)
    {
        match next {
            Ok(incoming) => in_flight.push(worker.take(worker.matter(incoming))),
            Err(fault) => worker.feed_fails(fault),
        }
    }
}
