//! Tells the server of what is here of a route's messages, so that it does not come again
//! meanwhile.
//!
//! Neither a handler that blocks its thread could tell of itself, nor the scheduler, where it is the
//! one that runs it.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep};

use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::InFlight;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::in_flight::progress::Progress;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::in_flight::shared_pull::SharedPull;
use crate::runner::settle::acknowledge::{acknowledge_all, note_given_back, send_back};
use crate::runner::settle::feed_fails;
use crate::transport::{Fault, Settlement, SettlementReason};

/// Runs until it is dropped.
pub(crate) async fn run(active: Arc<ActiveRoute>, in_flight: Arc<InFlight>) {
    let Progress { every, limit } = active.progress();
    let half = every / 2;
    loop {
        in_flight.arrived().await;
        while !in_flight.sleeps() {
            sleep(half).await;
            let now = Instant::now();
            let Some(before) = now.checked_sub(half) else { continue };
            if let Some(flow) = in_flight.stuck() {
                take_over(&active, &in_flight, &flow);
                acknowledge_all(&active, in_flight.ack_window(AckWindow::due));
            }
            let told = Box::pin(async {
                give_back_late(&active, &in_flight, now).await?;
                tell(&in_flight, before, now, limit).await
            });
            if let Err(fault) = told.await {
                let route = active.label();
                tracing::debug!(route, %fault, "the server can't be told of what is here");
            }
        }
    }
}

/// Gives back what has waited as long as a handler is told of, for an instance that has room.
///
/// One without a further attempt stays: given back it would be put aside, and was not tried.
async fn give_back_late(
    active: &Arc<ActiveRoute>,
    in_flight: &InFlight,
    now: Instant,
) -> Result<(), Fault> {
    let Progress { every, limit } = active.progress();
    let keep = |queued: &QueuedMessage| active.is_last_attempt(queued);
    let late = in_flight.take_late(now, limit, every * 2, active.is_strict(), keep);
    if let Some(first) = late.first() {
        let (route, messages) = (active.label(), late.len());
        tracing::warn!(route, messages, "messages that waited for too long are given back");
        note_given_back(active, first).await;
    }
    let mut given_back = Ok(());
    for queued in late {
        send_back(active, &queued, &mut given_back).await;
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
        settle.send(Settlement::of(SettlementReason::InFlight)).await?;
    }
    Ok(())
}

/// Takes what has come, in place of a scheduler whose handler blocks it: what nobody has taken,
/// nobody could tell of.
fn take_over(active: &Arc<ActiveRoute>, in_flight: &InFlight, flow: &SharedPull) {
    let Some(mut pull) = flow.try_lock() else { return };
    // Looked at again, now that the scheduler can't: from its next look on it is its waker that counts.
    let Some(pull) = pull.as_mut().filter(|_| in_flight.stuck().is_some()) else { return };
    // Nothing more is asked for.
    pull.set_room(0);
    let mut cx = Context::from_waker(Waker::noop());
    while pull.expects()
        && let Poll::Ready(Some(next)) = std::pin::pin!(unconstrained(pull.next())).poll(&mut cx)
    {
        match next {
            Ok(incoming) => in_flight.push(active.take(active.message(incoming))),
            Err(fault) => feed_fails(active, fault),
        }
    }
}
