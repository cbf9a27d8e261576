//! Statements that are run in the same way in every database, in the words of each.

/// Statements whose arguments and columns are the same everywhere.
#[derive(Debug)]
pub struct Statements {
    /// Lets one program migrate at a time; `None` where a transaction does so by itself.
    pub(crate) migrating: Option<&'static str>,
    /// 1 if any layout is recorded, else 0.
    pub(crate) has_layout: &'static str,
    /// Version of a part.
    pub(crate) layout: &'static str,
    /// Reads no row of the outbox, and fails where a column is missing.
    pub(crate) probe: &'static str,
    /// Reads no row of the inbox, and fails where a column is missing.
    pub(crate) probe_inbox: &'static str,
    /// Number of rows to be sent.
    pub(crate) pending: &'static str,
    /// Age of the oldest of them in milliseconds.
    pub(crate) oldest: &'static str,
    /// Number of parked rows.
    pub(crate) parked_count: &'static str,
    /// Size of the outbox in bytes.
    pub(crate) bytes: &'static str,
    /// Parked rows: from behind an id on, so many.
    pub(crate) parked: &'static str,
    pub(crate) retry_all: &'static str,
    /// Lets the parked rows of a key go again.
    pub(crate) retry_key: &'static str,
    pub(crate) purge_all: &'static str,
    /// Removes the parked rows of a key.
    pub(crate) purge_key: &'static str,
    /// Removes a parked row by its id, and gives its key.
    pub(crate) purge_row: &'static str,
    /// Key of a parked row, by its id.
    pub(crate) key_of: &'static str,
    /// Wakes relays at the commit, where that is known.
    pub(crate) wake: Option<&'static str>,
    /// Counts that parked rows are let go again: they stand where they stood, before what relays have read by then.
    pub(crate) count_retry: &'static str,
    /// Removes what was sent more than so many milliseconds ago, so many rows.
    pub(crate) purge_sent: &'static str,
    /// Writes consumer, stream and message, unless they are there.
    pub(crate) record: &'static str,
    /// Removes what was recorded more than so many seconds ago, so many rows.
    pub(crate) forget: &'static str,
}
