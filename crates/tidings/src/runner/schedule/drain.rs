//! Draining a route: its messages that are here, once it stops taking more.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::unconstrained;
use tokio::time::sleep;

use super::message_feed::MessageFeed;
use crate::probe::Listener;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::schedule::Scheduler;
use crate::runner::settle::acknowledge::send_back;
use crate::runner::settle::leave;
use crate::transport::{Fault, Incoming};

impl Scheduler {
    /// Handles what the feed still has and what is here, and waits for the last handler; ends
    /// early where handlers are to be dropped.
    pub(crate) async fn finish(&mut self, feed: &mut MessageFeed, listener: &Listener) {
        let active = self.route.clone();
        let mut aborted = pin!(active.aborted());
        let mut stopped = pin!(active.stopped());
        let (mut is_dry, mut is_stopped) = (false, false);
        self.ends = true;
        poll_fn(|cx| {
            if aborted.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            is_stopped = is_stopped || stopped.as_mut().poll(cx).is_ready();
            loop {
                if is_stopped {
                    // No stream keeps it: tried in spite of an open circuit it may be handled.
                    self.open = None;
                }
                let source = (!is_dry).then_some((&mut *feed, listener));
                if self.poll_turn(cx, source).is_ready() {
                    is_dry = true;
                } else if is_dry && self.running == 0 && self.waiting() == 0 {
                    return Poll::Ready(());
                } else if !is_stopped || self.open.is_none() {
                    return Poll::Pending;
                }
            }
        })
        .await;
        self.ends = false;
    }

    /// Leaves what is here and what the feed has at hand; gives how many those are.
    pub(crate) async fn leave(&mut self, mut feed: MessageFeed) -> u64 {
        let mut left = 0;
        let waiting = self.in_flight.state().backlog.drain();
        for queued in waiting {
            left += 1;
            leave(&self.route, &queued.incoming).await;
        }
        let state = self.route.state();
        let mut incoming = Incoming::default();
        loop {
            let next = poll_fn(|cx| feed.poll_next(cx, 1, &state, &mut incoming));
            let Some(Some(next)) = unconstrained(next).now_or_never() else { break };
            if next.is_ok() {
                left += 1;
                leave(&self.route, &incoming).await;
            }
        }
        left
    }

    /// Gives a stream's messages back that were not begun, and waits for the last handler.
    ///
    /// One that has no further attempt is handled here, also in spite of an open circuit or before
    /// its time: given back it would count as tried, and be put aside.
    pub(crate) async fn give_back(&mut self) -> Result<(), Fault> {
        let active = self.route.clone();
        let mut aborted = pin!(active.aborted());
        let mut is_aborted = false;
        let mut given_back = Ok(());
        self.ends = true;
        let all = self.in_flight.state().backlog.drain();
        let (last, waiting) = self.partition_for_drain(all);
        // Those that were handled once more here: one that is too early again is given back.
        let mut retried: HashSet<Option<u64>> = last.iter().map(sequence).collect();
        for queued in last {
            self.in_flight.push(queued);
        }
        self.send_back(waiting, &mut given_back).await;
        loop {
            let late = poll_fn(|cx| {
                is_aborted = is_aborted || aborted.as_mut().poll(cx).is_ready();
                loop {
                    self.open = None;
                    let _ = self.poll_turn(cx, None);
                    // It came too early again, or there is no more time.
                    let backlog = &mut self.in_flight.state().backlog;
                    let late = if is_aborted { backlog.drain() } else { backlog.drain_deferred() };
                    if !late.is_empty() || (self.running == 0 && backlog.is_empty()) {
                        return Poll::Ready(late);
                    }
                    if self.open.is_none() {
                        return Poll::Pending;
                    }
                }
            })
            .await;
            if late.is_empty() {
                self.ends = false;
                return given_back;
            }
            // A handler that had begun before may have deferred it just now.
            let (last, late): (Vec<_>, Vec<_>) = late.into_iter().partition(|queued| {
                !is_aborted && active.is_last_attempt(queued) && retried.insert(sequence(queued))
            });
            for queued in last {
                self.in_flight.push(queued);
            }
            self.send_back(late, &mut given_back).await;
        }
    }

    /// Lets go of what was not begun and comes again from a consumer that begins with this sequence,
    /// since it is another one now.
    pub(crate) fn discard_queued(&mut self, from: u64) {
        let mut held = self.in_flight.state();
        let all = held.backlog.drain();
        let comes = |queued: &QueuedMessage| {
            queued.incoming.receipt.as_ref().is_some_and(|receipt| receipt.sequence >= from)
        };
        let (_, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(comes);
        for queued in kept {
            match queued.due {
                Some(due) => held.backlog.defer(queued, due),
                None => held.backlog.push(queued),
            }
        }
    }

    /// Lets go of all that waits: it comes again, wherever it goes.
    pub(crate) fn let_go_of_all(&mut self) {
        let all = self.in_flight.state().backlog.drain();
        for queued in &all {
            self.route.ack_floor.mark_unsettled(&queued.incoming);
        }
    }

    /// Waits for the handlers that run, no longer than that.
    pub(crate) async fn end_begun(&mut self, within: Duration) {
        let mut late = pin!(sleep(within));
        poll_fn(|cx| {
            let _ = self.poll_turn(cx, None);
            if self.running == 0 { Poll::Ready(()) } else { late.as_mut().poll(cx) }
        })
        .await;
    }

    /// Splits messages into those that are handled here and those that are given back.
    fn partition_for_drain(
        &self,
        mut all: Vec<QueuedMessage>,
    ) -> (Vec<QueuedMessage>, Vec<QueuedMessage>) {
        let active = &self.route;
        if active.acks_all {
            // In their order: what comes before the last of those is handled too.
            let last = all.iter().rposition(|queued| active.is_last_attempt(queued));
            let waiting = all.split_off(last.map_or(0, |last| last + 1));
            return (all, waiting);
        }
        all.into_iter().partition(|queued| active.is_last_attempt(queued))
    }

    /// Gives messages back, unless that failed before.
    async fn send_back(&self, messages: Vec<QueuedMessage>, given_back: &mut Result<(), Fault>) {
        for queued in messages {
            send_back(&self.route, &queued, given_back).await;
        }
    }
}

/// The place of a message in its stream.
fn sequence(queued: &QueuedMessage) -> Option<u64> {
    queued.incoming.receipt.as_ref().map(|receipt| receipt.sequence)
}
