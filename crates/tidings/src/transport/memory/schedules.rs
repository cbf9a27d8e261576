//! Schedules of a stream, and when each is due.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use tokio::time::Instant;

use crate::recurrence::Recurrence;

/// Times at which a schedule publishes: the next, and all of them if it repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) next: Instant,
    pub(super) every: Option<Recurrence>,
}

/// The schedules of a stream, one for each subject.
#[derive(Debug, Default)]
pub(super) struct Schedules {
    of_subject: HashMap<String, (u64, Schedule)>,
    due: BTreeSet<(Instant, u64, String)>,
}

impl Schedules {
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, ..)| *at)
    }

    /// A message was stored: its subject has this schedule now. Without one it has none, unless a
    /// schedule published the message.
    pub(super) fn stored(
        &mut self,
        subject: &str,
        sequence: u64,
        schedule: Option<Schedule>,
        is_scheduled: bool,
    ) {
        if let Some(schedule) = schedule {
            self.set(subject, Some((sequence, schedule)));
        } else if !is_scheduled {
            self.set(subject, None);
        }
    }

    pub(super) fn set(&mut self, subject: &str, schedule: Option<(u64, Schedule)>) {
        if let Some((sequence, before)) = self.of_subject.remove(subject) {
            self.due.remove(&(before.next, sequence, subject.to_owned()));
        }
        if let Some((sequence, schedule)) = schedule {
            self.due.insert((schedule.next, sequence, subject.to_owned()));
            self.of_subject.insert(subject.to_owned(), (sequence, schedule));
        }
    }

    pub(super) fn take_due(&mut self, now: Instant) -> Option<(String, u64, Schedule)> {
        if self.next()? > now {
            return None;
        }
        let (_, sequence, subject) = self.due.pop_first()?;
        let (_, schedule) = self.of_subject.remove(&subject)?;
        Some((subject, sequence, schedule))
    }
}
