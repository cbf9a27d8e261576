//! Alarms: what is to happen later, and the task that waits for it.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use tokio::time::Instant;

/// Addressee of an alarm: a stream, or one of its consumers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Alarm {
    Stream(u64),
    Consumer { stream: u64, consumer: u64 },
}

/// The alarms that are set, at most one of each.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    due: BTreeSet<(Instant, Alarm)>,
    set: HashMap<Alarm, Instant>,
}

impl Alarms {
    /// Sets the alarm to another time, or takes it away.
    pub(super) fn set(&mut self, alarm: Alarm, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.set.insert(alarm, at),
            None => self.set.remove(&alarm),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, alarm));
        }
        if let Some(at) = at {
            self.due.insert((at, alarm));
        }
    }

    /// Instant at which the next one is due; `None` where none is set.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes one that is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Alarm> {
        let (at, alarm) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.due.pop_first();
        self.set.remove(&alarm);
        Some(alarm)
    }
}
