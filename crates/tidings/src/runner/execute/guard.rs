//! Running what a user wrote: a panic is caught, and the deadline kept.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;

use futures_util::FutureExt as _;

use crate::runner::active_route::ActiveRoute;
use crate::runner::policy::handler_exit::Interruption;
use crate::user_code::guarded;

/// Runs what a user wrote: it may panic, and may not take too long. Meanwhile the keep-alive task tells
/// the server of it.
pub(crate) async fn guard<T>(
    active: &ActiveRoute,
    work: impl Future<Output = T>,
) -> Result<T, Interruption> {
    let overdue = async {
        match active.deadline {
            Some(deadline) => {
                tokio::time::sleep(deadline).await;
                deadline
            }
            None => std::future::pending().await,
        }
    };
    let mut work = pin!(Some(work));
    let polled = poll_fn(|cx| match work.as_mut().as_pin_mut() {
        Some(work) => work.poll(cx),
        None => Poll::Pending,
    });
    // A timer is only made where the handler does not end at once.
    let ended = tokio::select! {
        biased;
        done = AssertUnwindSafe(polled).catch_unwind() => done.map_err(Interruption::panicked),
        () = active.lifecycle.abort.cancelled() => Err(Interruption::Aborted),
        deadline = overdue => Err(Interruption::Overdue(deadline)),
    };
    // What the handler holds is a user's, and is dropped in the same care.
    if let Err(panic) = guarded(|| work.set(None)) {
        tracing::error!(route = active.label, panic, "a handler panicked when it was dropped");
    }
    ended
}
