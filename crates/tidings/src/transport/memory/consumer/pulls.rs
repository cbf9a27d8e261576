//! Pulls of a consumer: those that read it, and those that found nothing and wait.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::effects::{Effects, TaskWaker};
use super::{Consumer, after};

impl Consumer {
    /// A pull begins.
    pub(crate) fn begin(&mut self, effects: &mut Effects) {
        self.readers += 1;
        self.idle_until = None;
        self.set_alarm(effects);
    }

    /// A pull ends.
    pub(crate) fn end(&mut self, pull: u64, now: Instant, effects: &mut Effects) {
        self.parked.remove(&pull);
        self.readers = self.readers.saturating_sub(1);
        self.idle(now, effects);
    }

    /// Begins the time after which the consumer ends, if nobody reads it.
    pub(crate) fn idle(&mut self, now: Instant, effects: &mut Effects) {
        if self.readers == 0 {
            self.idle_until = self.inactive.and_then(|time| after(now, time));
            self.set_alarm(effects);
        }
    }

    /// Number of pulls that found nothing and wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.parked.len() as u64
    }

    /// Remembers a pull that found nothing; `last` is the number of the delivery that it had last.
    pub(crate) fn park(&mut self, pull: u64, last: u64, waker: &TaskWaker) {
        self.parked.entry(pull).or_insert_with(|| (last, Arc::clone(waker)));
    }

    /// Has every pull look again. All of them, since one that is not polled any more must not
    /// keep a message from the others. First the one that has had nothing for the longest time, as a
    /// server gives to who has waited longest.
    pub(crate) fn wake_pulls(&mut self, effects: &mut Effects) {
        if self.parked.len() <= 1 {
            return effects.wakers.extend(self.parked.drain().map(|(_, (_, waker))| waker));
        }
        let mut parked: Vec<_> = self.parked.drain().collect();
        parked.sort_unstable_by_key(|(pull, (last, _))| (*last, *pull));
        effects.wakers.extend(parked.into_iter().map(|(_, (_, waker))| waker));
    }
}
