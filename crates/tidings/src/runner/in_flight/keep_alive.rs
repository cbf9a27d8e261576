//! Keep-alive of messages that are here: the server is told of those that it has not heard of for a
//! while.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::unconstrained;
use tokio::time::Instant;

use super::queued_message::QueuedMessage;
use super::shared_pull::SharedPull;
use super::slots::TaskSlot;
use super::{InFlight, InFlightState, InlineMessage};
use crate::transport::{Fault, Settle, Settlement, SettlementReason};

impl InFlight {
    /// Resolves when there is something to tell of.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Returns `true` if nothing is here: then the keep-alive task sleeps until it is woken.
    pub(crate) fn sleeps(&self) -> bool {
        let mut state = self.state();
        let keeps = state.window.as_ref().is_some_and(|window| window.kept().next().is_some());
        state.awake = keeps
            || state.inline.is_some()
            || !state.backlog.is_empty()
            || !self.slots.table().is_empty();
        state.idle = !state.awake || state.audit_suspended;
        if !state.awake && self.is_crowded() {
            self.set_crowded(&mut state, false);
        }
        !state.awake
    }

    /// Tells the server of what it was not told of since `before`, as long as it has not been
    /// handled for longer than `limit`. Gives what finds no room on its way: the rest is told once
    /// there is some.
    ///
    /// A message that is told of is still here: once it is given back, the server must not hear that
    /// it is in good hands.
    pub(crate) fn tell(
        &self,
        before: Instant,
        now: Instant,
        limit: Duration,
    ) -> Result<Option<Settle>, Fault> {
        let mut state = self.state();
        let mut table = self.slots.table();
        let InFlightState { inline, backlog, window, kept, .. } = &mut *state;
        if let Some(window) = window
            && kept.is_none_or(|kept| kept <= before)
        {
            *kept = Some(now);
            for settle in window.kept() {
                // What finds no room is told the next time.
                unconstrained(settle.send(Settlement::of(SettlementReason::InFlight)))
                    .now_or_never()
                    .transpose()?;
            }
        }
        let may_be_told = |begun: Instant| {
            !limit.is_zero() && begun.checked_add(limit).is_none_or(|end| now <= end)
        };
        let inline = inline.iter_mut().filter_map(|InlineMessage { message, seen }| {
            let [begun, told] = seen.get_or_insert([now, now]);
            message.settle.as_ref().filter(|_| may_be_told(*begun)).map(|settle| (settle, told))
        });
        let slots = table.iter_mut().filter_map(|TaskSlot { message, begun, told }| {
            message.settle.as_ref().filter(|_| may_be_told(*begun)).map(|settle| (settle, told))
        });
        let waiting = backlog.due_for_progress(before).filter_map(|queued| {
            let QueuedMessage { incoming, told, .. } = queued;
            incoming.settle.as_ref().map(|settle| (settle, told.get_or_insert(before)))
        });
        for (settle, told) in
            inline.chain(slots).chain(waiting).filter(|(_, told)| **told <= before)
        {
            *told = now;
            match unconstrained(settle.send(Settlement::of(SettlementReason::InFlight)))
                .now_or_never()
            {
                Some(sent) => sent?,
                None => return Ok(Some(settle.clone())),
            }
        }
        Ok(None)
    }

    /// Returns the pull whose messages the scheduler can't take: the handler that it runs
    /// itself has not returned for longer than the keep-alive task sleeps.
    pub(crate) fn stuck(&self) -> Option<Arc<SharedPull>> {
        let state = self.state();
        let is_stuck = state.inline.as_ref().is_some_and(|inline| inline.seen.is_some());
        state.flow.clone().filter(|_| is_stuck)
    }
}
