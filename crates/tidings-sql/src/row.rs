//! Rows of the outbox: one to be written, and one to be sent.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tidings::{Headers, Record, RecordError};

/// A row to be written.
#[derive(Debug, Clone)]
pub struct NewRow {
    pub(crate) slot: i16,
    pub(crate) key: String,
    pub(crate) stream: String,
    pub(crate) subject: String,
    pub(crate) message_id: String,
    pub(crate) headers: String,
    pub(crate) payload: Bytes,
}

impl NewRow {
    /// The row of a record; `None` if no stream keeps it.
    pub(crate) fn of(record: &Record, key: Option<&str>) -> Option<Self> {
        let key = kept_key(key.unwrap_or(record.subject())).into_owned();
        Some(Self {
            slot: slot_of(&key),
            key,
            stream: record.stream()?.to_owned(),
            subject: record.subject().to_owned(),
            message_id: record.message_id()?.to_owned(),
            headers: serde_json::to_string(record.headers()).ok()?,
            payload: record.payload().clone(),
        })
    }
}

/// A row to be sent.
#[derive(Debug)]
pub struct QueuedRow {
    pub(crate) id: i64,
    pub(crate) position: i64,
    pub(crate) key: String,
    pub(crate) stream: String,
    pub(crate) subject: String,
    pub(crate) headers: String,
    pub(crate) payload: Vec<u8>,
    /// Time since it was written, by the database's clock; `None` where that has stepped back meanwhile.
    pub(crate) age: Option<Duration>,
    /// A parked row of its key.
    pub(crate) behind: Option<i64>,
    /// Number of times that parked rows were let go again, by the time that it was read.
    pub(crate) retries: i64,
}

/// The record of a row can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadableRow {
    #[error("its headers can't be read: {0}")]
    Headers(#[from] serde_json::Error),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl QueuedRow {
    /// Takes the record out of it.
    pub(crate) fn record(&mut self) -> Result<Record, UnreadableRow> {
        let headers: Headers = serde_json::from_str(&self.headers)?;
        let payload = std::mem::take(&mut self.payload);
        let record = Record::new(std::mem::take(&mut self.subject), headers, payload)?;
        Ok(record.in_stream(self.stream.as_str())?)
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { position: self.position, id: self.id, retries: self.retries }
    }
}

/// A place among the rows to be sent, behind which is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) position: i64,
    pub(crate) id: i64,
    /// Number of times that parked rows were let go again, as known where it was taken.
    pub(crate) retries: i64,
}

impl Cursor {
    /// The place before all rows.
    pub(crate) const START: Self = Self { position: 0, id: 0, retries: 0 };

    /// Returns `true` if these, which were read behind it, are the next ones: no parked rows were let go again since it was
    /// taken. Those stand where they stood, and that may be before it.
    pub(crate) fn holds(self, rows: &[QueuedRow]) -> bool {
        self == Self::START || rows.first().is_none_or(|row| row.retries == self.retries)
    }
}

/// Maximum difference between the clocks of the database, of a program and of the server.
pub(crate) const SKEW: Duration = Duration::from_mins(1);

/// The age of a row from so many milliseconds; `None` where it is written so far in the future that the clock has stepped back.
pub(crate) fn age_of(millis: i64) -> Option<Duration> {
    let age = Duration::from_millis(millis.unsigned_abs());
    match millis {
        0.. => Some(age),
        _ => (age <= SKEW).then_some(Duration::ZERO),
    }
}

/// Number of bytes of a key that are kept as they are: an index takes no text of any length.
const READABLE: usize = 1024;

/// A key as a database can hold it: `##<digest>` where it is long, or has a character that no text of PostgreSQL has.
pub(crate) fn kept_key(key: &str) -> Cow<'_, str> {
    if key.len() <= READABLE && !key.contains('\0') {
        return key.into();
    }
    let digest = Sha256::digest(key.as_bytes());
    digest.iter().fold("##".to_owned(), |text, byte| format!("{text}{byte:02x}")).into()
}

/// A digest of a key (FNV-1a, folded to 15 bits), by which relays share the rows. It is part of the layout.
fn slot_of(key: &str) -> i16 {
    let hash = key
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    i16::try_from((hash ^ (hash >> 15)) & 0x7fff).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_until_parked_rows_are_let_go_again() {
        let row = |retries| QueuedRow {
            id: 7,
            position: 7,
            key: String::new(),
            stream: String::new(),
            subject: String::new(),
            headers: String::new(),
            payload: Vec::new(),
            age: None,
            behind: None,
            retries,
        };
        let behind = row(3).cursor();
        assert!(behind.holds(&[]) && behind.holds(&[row(3), row(3)]));
        assert!(!behind.holds(&[row(4)]));
        // Whatever was let go stands behind it.
        assert!(Cursor::START.holds(&[row(4)]));
    }

    #[test]
    fn a_row_of_the_future_has_no_age_that_is_known() {
        let ages = [2000, 0, -2000, -59_999, -60_001, i64::MIN].map(age_of);
        let zero = Some(Duration::ZERO);
        assert_eq!(ages, [Some(Duration::from_secs(2)), zero, zero, zero, None, None]);
    }

    #[test]
    fn the_slot_of_a_key_never_changes() {
        let slots = ["", "orders.eu", "7", "ä"].map(slot_of);
        assert_eq!(slots, [8188, 32457, 18415, 21465]);
    }
}
