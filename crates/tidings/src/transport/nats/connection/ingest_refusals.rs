//! Streams that take no batches that are confirmed together, remembered for a while.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::locked;

/// Time for which a stream that did not allow it, or was not heard, is not asked again.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Streams that did not allow it, or said nothing, and since when.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<String, Instant>>);

impl Refusals {
    pub(crate) fn has(&self, stream: &str) -> bool {
        let mut known = locked(&self.0);
        known.retain(|_, at| at.elapsed() < REMEMBERED);
        known.contains_key(stream)
    }

    pub(crate) fn add(&self, stream: &str) {
        let mut known = locked(&self.0);
        known.insert(stream.to_owned(), Instant::now());
    }
}
