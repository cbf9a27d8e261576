//! First failures of messages, as far as this process saw them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use crate::lock::locked;
use crate::transport::Receipt;

/// Maximum number of messages that are remembered; beyond that the one that was entered first is
/// forgotten.
const MOST: usize = 10_000;

/// A message of one consumer: a stream that is deleted and made again counts its sequences anew.
type Known = (u64, SystemTime);

/// The first failures of one consumer's messages.
#[derive(Debug, Default)]
pub(crate) struct FirstFailures(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    first: HashMap<Known, (SystemTime, u64)>,
    /// The messages in the order in which they were entered; some may have been forgotten since.
    order: VecDeque<Known>,
}

impl FirstFailures {
    /// Time at which this message failed first: now, unless it is known to have failed before.
    pub(crate) fn first_failure(&self, receipt: &Receipt, now: SystemTime) -> SystemTime {
        self.enter(receipt, now, 0).0
    }

    /// Counts one more failure; gives the time of the first, and the number of all.
    pub(crate) fn failed(&self, receipt: &Receipt, now: SystemTime) -> (SystemTime, u64) {
        self.enter(receipt, now, 1)
    }

    /// Number of failures that are known of it.
    pub(crate) fn failures(&self, receipt: &Receipt) -> u64 {
        self.entries().first.get(&known(receipt)).map_or(0, |(_, failures)| *failures)
    }

    fn enter(&self, receipt: &Receipt, now: SystemTime, more: u64) -> (SystemTime, u64) {
        let (mut entries, message) = (self.entries(), known(receipt));
        if let Some((first, failures)) = entries.first.get_mut(&message) {
            *failures += more;
            return (*first, *failures);
        }
        entries.first.insert(message, (now, more));
        entries.order.push_back(message);
        while entries.order.len() > MOST
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.first.remove(&oldest);
        }
        (now, more)
    }

    /// Forgets a message that will not come again.
    pub(crate) fn forget(&self, receipt: &Receipt) {
        let (mut entries, message) = (self.entries(), known(receipt));
        if entries.first.remove(&message).is_some() {
            entries.order.retain(|known| *known != message);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        locked(&self.0)
    }
}

fn known(receipt: &Receipt) -> Known {
    (receipt.sequence, receipt.stored_at)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn receipt(sequence: u64, stored_at: SystemTime) -> Receipt {
        Receipt {
            stream: "ORDERS".into(),
            consumer: "shop".into(),
            sequence,
            attempt: 1,
            pending: 0,
            stored_at,
        }
    }

    #[test]
    fn the_first_failure_stays_the_first_until_it_is_forgotten() {
        let history = FirstFailures::default();
        let at = |secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        let message = receipt(7, at(0));
        assert_eq!(history.first_failure(&message, at(1)), at(1));
        assert_eq!(history.first_failure(&message, at(2)), at(1));
        // Another stream of the same name.
        assert_eq!(history.first_failure(&receipt(7, at(1)), at(2)), at(2));
        history.forget(&message);
        assert_eq!(history.first_failure(&message, at(3)), at(3));
    }

    #[test]
    fn it_holds_a_bounded_number() {
        let history = FirstFailures::default();
        for sequence in 0..2 * MOST as u64 {
            history
                .first_failure(&receipt(sequence, SystemTime::UNIX_EPOCH), SystemTime::UNIX_EPOCH);
        }
        let entries = history.entries();
        assert_eq!((entries.first.len(), entries.order.len()), (MOST, MOST));
        assert!(!entries.first.contains_key(&(0, SystemTime::UNIX_EPOCH)));
    }
}
