//! Keys that a watch has told and that must still be in the bucket, so that what is gone untold is noticed.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashMap};

use crate::transport::StreamBounds;

/// Number of keys up to which there is room before they are told.
const MOST_EXPECTED: usize = 1 << 20;

/// The last revision of each key that was told, by a hash of its subject.
#[derive(Debug, Default)]
pub(super) struct Known {
    hasher: DefaultHashBuilder,
    revisions: HashMap<u64, u64>,
}

impl Known {
    /// A key has this revision; `stays` unless it may go by itself.
    pub(super) fn tell(&mut self, subject: &str, revision: u64, stays: bool) {
        let key = self.hasher.hash_one(subject);
        if stays {
            self.revisions.insert(key, revision);
        } else {
            self.revisions.remove(&key);
        }
    }

    /// Makes room for so many keys at once, rather than in steps that each move all of them.
    pub(super) fn expect(&mut self, keys: u64) {
        let keys = usize::try_from(keys).unwrap_or(usize::MAX).min(MOST_EXPECTED);
        self.revisions.reserve(keys.saturating_sub(self.revisions.len()));
    }

    pub(super) fn clear(&mut self) {
        self.revisions.clear();
    }

    /// Returns `true` if something is gone that stood in the bucket when it had these bounds: somebody
    /// purged the stream itself, or a removal that was not told has expired. `whole` says that all keys
    /// of the bucket are told.
    pub(super) fn misses(&self, bounds: &StreamBounds, whole: bool) -> bool {
        let mut told = 0;
        for revision in self.revisions.values().filter(|revision| **revision <= bounds.last) {
            if *revision < bounds.first {
                return true;
            }
            told += 1;
        }
        whole && told > bounds.subjects
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Identity;

    fn bounds(first: u64, last: u64, subjects: u64) -> StreamBounds {
        StreamBounds { identity: Identity(String::new()), first, last, subjects }
    }

    #[test]
    fn what_is_gone_untold_is_noticed() {
        let mut known = Known::default();
        known.tell("a", 1, true);
        known.tell("b", 2, true);
        assert!(!known.misses(&bounds(1, 2, 2), true));
        // All of it was purged.
        assert!(known.misses(&bounds(3, 2, 0), true));
        assert!(known.misses(&bounds(2, 5, 2), false));
        // One of them was.
        assert!(known.misses(&bounds(1, 2, 1), true));
        assert!(!known.misses(&bounds(1, 2, 1), false));
        // What came since the look is none of it.
        known.tell("c", 6, true);
        assert!(!known.misses(&bounds(1, 5, 2), true));
        known.tell("a", 7, false);
        assert!(!known.misses(&bounds(2, 7, 2), true));
    }
}
