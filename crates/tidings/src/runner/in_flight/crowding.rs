//! Messages that have waited for too long: they are given back, and no more are fetched ahead.

use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::queued_message::QueuedMessage;
use super::slots::Table;
use super::{InFlight, InFlightState};

impl InFlight {
    /// Returns `true` if nothing is to be fetched ahead: what waited here was, or is to be, given back.
    #[inline]
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Relaxed)
    }

    /// Looks at how long messages have waited, and takes out those that are to be given back.
    ///
    /// Waiting is bounded as handling is. First the route is told to fetch nothing more: what is
    /// given back is not to come here again. A `strict` route only gives back what waits behind a
    /// handler that is not told of any more: it lets messages wait for other reasons too.
    pub(crate) fn take_late(
        &self,
        now: Instant,
        limit: Duration,
        least: Duration,
        strict: bool,
        keep: impl Fn(&QueuedMessage) -> bool,
    ) -> Vec<QueuedMessage> {
        let mut state = self.state();
        let (hung, late) = (now.checked_sub(limit), now.checked_sub(limit.max(least)));
        let hangs = hung.is_some_and(|hung| state.is_hung(&self.slots.table(), hung));
        let is_late = late.is_some_and(|late| state.backlog.is_late(late)) && (hangs || !strict);
        if !self.is_crowded() {
            if is_late {
                self.set_crowded(&mut state, true);
            }
            return Vec::new();
        }
        if !hangs && !is_late {
            self.set_crowded(&mut state, false);
            return Vec::new();
        }
        // What came after it was known that nothing begins need not wait as long.
        state.backlog.take_late(if hangs { now } else { late.unwrap_or(now) }, keep)
    }

    pub(super) fn set_crowded(&self, state: &mut InFlightState, crowded: bool) {
        self.crowded.store(crowded, Relaxed);
        if let Some(scheduler) = state.scheduler.take() {
            scheduler.wake();
        }
    }
}

impl InFlightState {
    /// Returns `true` if a handler began before then.
    fn is_hung(&self, slots: &Table, before: Instant) -> bool {
        let slots = slots.iter().map(|task| task.begun);
        let inline = self.inline.iter().filter_map(|inline| inline.seen).map(|[begun, _]| begun);
        slots.chain(inline).any(|begun| begun <= before)
    }

    /// Registers a waker for a change of whether messages are fetched ahead.
    pub(crate) fn register_crowded_waker(&mut self, waker: &Waker) {
        if !self.backlog.is_empty() && !self.scheduler.as_ref().is_some_and(|i| i.will_wake(waker))
        {
            self.scheduler = Some(waker.clone());
        }
    }
}
