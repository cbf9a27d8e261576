//! What becomes of the messages that are here when a route stops taking more.

use std::pin::pin;

use futures_util::FutureExt as _;
use tokio::task::unconstrained;
use tokio::time::Instant;

use super::backlog::Taken;
use super::feed::Feed;
use super::intake::{Intake, until};
use crate::probe::Listener;
use crate::transport::{Fault, Settlement};

impl Intake {
    /// Handles what the feed still has and what is here, and waits for the last handler; ends
    /// early where handlers are to be dropped.
    pub(super) async fn finish(&mut self, feed: &mut Feed, listener: &Listener) {
        let (worker, gate) = (self.worker.clone(), self.worker.gate());
        let mut aborted = pin!(worker.aborted());
        let mut stopped = pin!(worker.stopped());
        let (mut is_dry, mut is_stopped) = (false, false);
        self.ends = true;
        while !is_dry || self.running > 0 || self.backlog.waiting() > 0 {
            if is_stopped {
                // No stream keeps it: tried in spite of an open circuit it may be handled.
                self.open = None;
            }
            self.begin();
            let (room, wake) = (self.room(), self.wake());
            tokio::select! {
                biased;
                () = &mut aborted => return,
                () = &mut stopped, if !is_stopped => is_stopped = true,
                Some(done) = self.done.1.recv() => self.end(done),
                next = listener.attend(feed.next(room, &gate)), if room > 0 && !is_dry => match next {
                    Some(next) => self.take(next),
                    None => is_dry = true,
                },
                () = until(wake) => self.tell_server().await,
            }
        }
        self.ends = false;
    }

    /// Leaves what is here and what the feed has at hand; gives how many those are.
    pub(super) async fn leave(&mut self, mut feed: Feed) -> u64 {
        let mut left = 0;
        for taken in self.backlog.drain() {
            left += 1;
            self.worker.leave(&taken.incoming).await;
        }
        let gate = self.worker.gate();
        while let Some(Some(next)) = unconstrained(feed.next(1, &gate)).now_or_never() {
            if let Ok(incoming) = next {
                left += 1;
                self.worker.leave(&incoming).await;
            }
        }
        left
    }

    /// Gives a stream's messages back that were not begun, and waits for the last handler.
    ///
    /// One that has no further attempt is handled here, also in spite of an open circuit or before
    /// its time: given back it would count as tried, and be put aside.
    pub(super) async fn give_back(&mut self) -> Result<(), Fault> {
        let worker = self.worker.clone();
        let mut aborted = pin!(worker.aborted());
        let mut is_aborted = false;
        let mut given_back = Ok(());
        self.ends = true;
        let (last, waiting): (Vec<_>, Vec<_>) =
            self.backlog.drain().into_iter().partition(|taken| self.worker.is_last_attempt(taken));
        for taken in last {
            self.backlog.push(taken);
        }
        give_back(waiting, &mut given_back).await;
        loop {
            self.open = None;
            self.begin();
            if self.running == 0 && self.backlog.is_empty() {
                self.ends = false;
                return given_back;
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                () = &mut aborted, if !is_aborted => is_aborted = true,
                Some(done) = self.done.1.recv() => self.end(done),
                () = until(wake) => self.tell_server().await,
            }
            // It came too early again, or there is no more time.
            let late =
                if is_aborted { self.backlog.drain() } else { self.backlog.drain_deferred() };
            give_back(late, &mut given_back).await;
        }
    }
}

/// Gives messages back, unless that failed before: where one can't be given back, the next can't
/// either.
async fn give_back(messages: Vec<Taken>, given_back: &mut Result<(), Fault>) {
    for taken in messages {
        if let (Ok(()), Some(settle)) = (&given_back, &taken.incoming.settle) {
            let early = taken.due.and_then(|due| due.checked_duration_since(Instant::now()));
            *given_back = settle.send(Settlement::Nak(early.filter(|time| !time.is_zero()))).await;
        }
    }
}
