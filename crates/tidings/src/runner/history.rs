//! When messages failed first, as far as this process saw it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// How many messages are remembered; beyond that the one that was entered first is forgotten.
const MOST: usize = 10_000;

/// The first failures of one consumer's messages, by their sequence.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    first: HashMap<u64, SystemTime>,
    /// In the order they were entered; some may have been forgotten since.
    order: VecDeque<u64>,
}

impl History {
    /// When this message failed first: now, unless it is known to have failed before.
    pub(super) fn first_failure(&self, sequence: u64, now: SystemTime) -> SystemTime {
        let mut entries = self.entries();
        if let Some(first) = entries.first.get(&sequence) {
            return *first;
        }
        entries.first.insert(sequence, now);
        entries.order.push_back(sequence);
        while entries.order.len() > MOST
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.first.remove(&oldest);
        }
        now
    }

    /// Forgets a message that will not come again.
    pub(super) fn forget(&self, sequence: u64) {
        let mut entries = self.entries();
        if entries.first.remove(&sequence).is_some() {
            entries.order.retain(|known| *known != sequence);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_failure_stays_the_first_until_it_is_forgotten() {
        let history = History::default();
        let at = |secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        assert_eq!(history.first_failure(7, at(1)), at(1));
        assert_eq!(history.first_failure(7, at(2)), at(1));
        history.forget(7);
        assert_eq!(history.first_failure(7, at(3)), at(3));
    }

    #[test]
    fn it_holds_a_bounded_number() {
        let history = History::default();
        for sequence in 0..2 * MOST as u64 {
            history.first_failure(sequence, SystemTime::UNIX_EPOCH);
        }
        let entries = history.entries();
        assert_eq!((entries.first.len(), entries.order.len()), (MOST, MOST));
        assert!(!entries.first.contains_key(&0));
    }
}
