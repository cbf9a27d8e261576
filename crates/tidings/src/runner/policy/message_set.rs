//! Messages that this route is done with and that may come again all the same: the last ack was
//! never confirmed, or a letter refers to the message, which stays where it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use crate::lock::locked;
use crate::transport::Incoming;

/// Maximum number of messages that are remembered; those of the lowest sequences are forgotten
/// first.
const MOST: usize = 10_000;

/// Messages by their sequences, with when they were stored: a stream that is made again gives the
/// same sequences once more.
#[derive(Debug, Default)]
pub(crate) struct MessageSet(Mutex<BTreeMap<u64, SystemTime>>);

impl MessageSet {
    fn known(&self) -> MutexGuard<'_, BTreeMap<u64, SystemTime>> {
        locked(&self.0)
    }

    pub(crate) fn remember(&self, message: &Incoming) {
        let Some(receipt) = &message.receipt else { return };
        let mut known = self.known();
        known.insert(receipt.sequence, receipt.stored_at);
        if known.len() > MOST {
            known.pop_first();
        }
    }

    pub(crate) fn forget(&self, message: &Incoming) {
        if let Some(receipt) = &message.receipt {
            self.known().remove(&receipt.sequence);
        }
    }

    pub(crate) fn knows(&self, message: &Incoming) -> bool {
        let Some(receipt) = &message.receipt else { return false };
        self.known().get(&receipt.sequence) == Some(&receipt.stored_at)
    }
}
