//! Keys whose first event was refused: they wait, and others go on.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::wait::Wait;

/// The wait after the first refusal, and the longest one.
const FIRST: Duration = Duration::from_millis(200);
const MOST: Duration = Duration::from_secs(10);

/// Maximum number of keys that are left out one by one; with more, everything waits.
const KEYS: usize = 1000;

/// Keys that wait.
#[derive(Debug, Default)]
pub(super) struct Holds {
    keys: HashMap<String, Hold>,
}

#[derive(Debug)]
struct Hold {
    /// The row that was refused.
    row: i64,
    refusals: u32,
    wait: Wait,
    until: Instant,
}

impl Holds {
    /// A row of this key was refused; gives how often that was.
    pub(super) fn refused(&mut self, key: &str, row: i64) -> u32 {
        let fresh =
            || Hold { row, refusals: 0, wait: Wait::new(FIRST, MOST), until: Instant::now() };
        let hold = self.keys.entry(key.to_owned()).or_insert_with(fresh);
        if hold.row != row {
            *hold = fresh();
        }
        hold.refusals += 1;
        hold.until = Instant::now() + hold.wait.lengthen();
        hold.refusals
    }

    /// An event of this key was published, or its first one is out of the way.
    pub(super) fn release(&mut self, key: &str) {
        if !self.keys.is_empty() {
            self.keys.remove(key);
        }
    }

    /// Keys that are held back, those too that may be tried again.
    pub(super) fn keys(&self) -> Vec<String> {
        self.keys.keys().cloned().collect()
    }

    /// The keys that are left out for now.
    pub(super) fn waiting(&self) -> Vec<String> {
        let now = Instant::now();
        let waiting = self.keys.iter().filter(|(_, hold)| hold.until > now);
        waiting.map(|(key, _)| key.clone()).collect()
    }

    /// Time after which the first of them is tried again.
    pub(super) fn next(&self) -> Option<Duration> {
        let now = Instant::now();
        let until = self.keys.values().map(|hold| hold.until).filter(|until| *until > now).min();
        until.map(|until| until - now)
    }

    /// Returns `true` if none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns `true` if so many wait that it is not about keys any more.
    pub(super) fn are_many(&self) -> bool {
        self.keys.len() > KEYS
    }
}
