//! A handler that does what a scenario says, and tells of each time it was called.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use tidings::prelude::*;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};

use crate::support::env::{BY_AND_BY, Env, never, soon, within};
use crate::support::message::Sent;

/// Step that the handler does.
#[derive(Debug)]
pub(crate) enum Step {
    Done,
    Fail(Failure),
    Panic,
    /// Takes so long, and returns `Ok`.
    Take(Duration),
    /// Returns `Ok` once there is a permit, which it leaves there.
    Await(Arc<Semaphore>),
    /// Never ends.
    Hang,
}

/// Call of the handler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) number: u64,
    pub(crate) attempt: u64,
    pub(crate) at: Instant,
}

/// The calls of a handler.
pub(crate) struct Calls(mpsc::UnboundedReceiver<Call>);

/// A handler that does what `step` says of a number and an attempt.
pub(crate) fn script(
    step: impl Fn(u64, u64) -> Step + Send + Sync + 'static,
) -> (impl Handler<Sent>, Calls) {
    let (sender, calls) = mpsc::unbounded_channel();
    let handler = move |event: Sent, cx: Context| {
        let call = Call { number: event.number, attempt: cx.attempt(), at: Instant::now() };
        let step = step(call.number, call.attempt);
        // Nobody may look any more.
        let _ = sender.send(call);
        async move {
            match step {
                Step::Done => Ok(()),
                Step::Fail(failure) => Err(failure),
                Step::Panic => panic!("a deliberate panic"),
                Step::Take(time) => {
                    sleep(time).await;
                    Ok(())
                }
                Step::Await(gate) => {
                    let _permit = gate.acquire().await?;
                    Ok(())
                }
                Step::Hang => std::future::pending().await,
            }
        }
    };
    (handler, Calls(calls))
}

impl Calls {
    /// The next call, soon.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Call> {
        let next = soon(self.0.recv());
        async move { next.await.expect("the handler is there") }
    }

    /// Waits for so many calls, each soon after the one before.
    pub(crate) async fn list(&mut self, count: usize) -> Vec<Call> {
        let mut calls = Vec::new();
        for _ in 0..count {
            calls.push(self.next().await);
        }
        calls
    }

    /// The next call, by and by.
    #[track_caller]
    pub(crate) fn later(&mut self) -> impl Future<Output = Call> {
        let next = within(BY_AND_BY, self.0.recv());
        async move { next.await.expect("the handler is there") }
    }

    /// No call in this time.
    #[track_caller]
    pub(crate) fn none_within(&mut self, time: Duration) -> impl Future<Output = ()> {
        never(time, self.0.recv())
    }
}

/// The numbers and attempts of calls.
pub(crate) fn which(calls: &[Call]) -> Vec<(u64, u64)> {
    calls.iter().map(|call| (call.number, call.attempt)).collect()
}

/// Time from each call to the next one.
pub(crate) fn gaps(calls: &[Call]) -> Vec<Duration> {
    calls.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

/// Asserts that each of these times is at least as long as it must be; where time is exact, no longer.
#[track_caller]
pub(crate) fn assert_times(env: &Env, found: &[Duration], wanted: &[Duration]) {
    assert_eq!(found.len(), wanted.len(), "{found:?} instead of {wanted:?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert_time(env, *found, *wanted, "");
    }
}

/// Asserts that one time is at least as long as it must be; where time is exact, no longer.
#[track_caller]
pub(crate) fn assert_time(env: &Env, found: Duration, wanted: Duration, what: impl Debug) {
    let least = wanted.saturating_sub(env.coarse());
    assert!(found >= least, "{found:?} and not before {wanted:?} {what:?}");
    assert!(!env.is_exact() || found <= wanted + env.coarse(), "{found:?} for {wanted:?} {what:?}");
}
