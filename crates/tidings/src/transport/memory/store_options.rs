//! Options that a message's headers give the stream that stores it.

use super::schedules::Schedule;
use crate::header::{self, Headers};

/// Options of a message's headers for the stream.
#[derive(Debug, Default)]
pub(super) struct StoreOptions {
    /// Message id; empty if there is none.
    pub(super) message_id: String,
    pub(super) rollup: Option<Rollup>,
    pub(super) schedule: Option<Schedule>,
    /// The subject of the schedule that published it, if one did.
    pub(super) scheduler: Option<String>,
    /// The subject of the schedule that is over with this message.
    pub(super) ends_schedule: Option<String>,
}

/// Earlier messages that a message replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rollup {
    /// Messages of its subject.
    Subject,
    All,
}

impl StoreOptions {
    /// The headers as they are stored.
    pub(super) fn complete(&self, mut headers: Headers) -> Headers {
        // A schedule replaces the one before it on its subject.
        if self.schedule.is_some() && headers.get(header::ROLLUP).is_none() {
            headers.push(header::ROLLUP, "sub");
        }
        headers
    }
}
