//! Finding a place among letters by time.

use std::ops::RangeInclusive;
use std::time::SystemTime;

use crate::transport::{Fault, Transport, Which};

/// The sequence from which on all of a filter's messages were stored at this time or later.
///
/// They are in the order of their times, so each look leaves half of them.
pub(super) async fn first_since(
    transport: &Transport,
    letters: &str,
    filter: &str,
    among: RangeInclusive<u64>,
    since: SystemTime,
) -> Result<u64, Fault> {
    let (mut low, mut high) = (*among.start(), among.end().saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match transport.stored(letters, Which::Next { from: middle, filter }).await? {
            Some(stored) if stored.stored_at < since => low = stored.sequence + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
