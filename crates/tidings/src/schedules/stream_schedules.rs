//! Subjects of a stream's schedules, and the schedule under a key.

use std::time::SystemTime;

use bytes::Bytes;
use tidings_subject::SCHEDULES;
use tokio::time::timeout;

use super::error::ScheduleError;
use crate::envelope::{ended_subject, schedule_subject};
use crate::header::{self, Headers};
use crate::link::Link;
use crate::recurrence::{Recurrence, When};
use crate::stream::StreamDeclaration;
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::{Fault, Incoming, StoredHeaders, StoredMessage, Which};

/// The schedules of a stream. A cheap clone.
#[derive(Debug, Clone)]
pub(super) struct StreamSchedules {
    pub(super) link: Link,
    pub(super) stream: &'static StreamDeclaration,
}

/// The waiting message.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) subject: Subject,
    pub(super) target: Subject,
    pub(super) sequence: u64,
    pub(super) stored_at: SystemTime,
    pub(super) when: When,
    pub(super) headers: Headers,
    pub(super) payload: Bytes,
}

impl StreamSchedules {
    /// The filter of all that waits.
    pub(super) fn filter(&self) -> String {
        format!("{SCHEDULES}.{}.>", self.stream.name)
    }

    /// The schedule under this key.
    pub(super) async fn find(&self, key: &str) -> Result<Option<Waiting>, ScheduleError> {
        let Some(subject) = schedule_subject(self.stream.name, key) else {
            return Err(ScheduleError::Key { key: key.chars().take(128).collect() });
        };
        let found = self.read(Which::Last { filter: subject.as_str() }).await?;
        Ok(found.and_then(|found| self.waiting(found)))
    }

    /// Reads a message of the stream.
    pub(super) async fn read(
        &self,
        which: Which<'_>,
    ) -> Result<Option<StoredMessage>, ScheduleError> {
        let within = self.link.timeouts.publish;
        let stored = timeout(within, self.link.transport.stored(self.stream.name, which)).await;
        stored
            .unwrap_or(Err(Fault::Timeout))
            .map_err(|fault| ScheduleError::of(fault, self.stream.name))
    }

    /// A message as one that waits, if it does: what ends another does not.
    pub(super) fn waiting(&self, message: StoredMessage) -> Option<Waiting> {
        let StoredHeaders::Read(headers) = message.headers else { return None };
        let target = Subject::from(headers.get(header::SCHEDULE_TARGET)?.to_owned());
        if target.as_str() == ended_subject(self.stream.name).as_str() {
            return None;
        }
        let pattern = headers.get(header::SCHEDULE)?;
        let when = if let Some(at) = pattern.strip_prefix("@at ") {
            When::At(timestamp::read(at)?)
        } else {
            let zone = headers.get(header::SCHEDULE_TIME_ZONE);
            When::Every(Recurrence::read(pattern, zone).ok()?)
        };
        let StoredMessage { subject, sequence, stored_at, payload, .. } = message;
        Some(Waiting { subject, target, sequence, stored_at, when, headers, payload })
    }
}

/// The key of what waits on this subject.
pub(super) fn key_of(subject: &Subject) -> &str {
    // `_schedules.<stream>.`, and a stream's name has no dot.
    subject.as_str().splitn(3, '.').nth(2).unwrap_or_default()
}

impl Waiting {
    /// Time at which it is due; `None` if it comes again and again.
    pub(super) fn due(&self) -> Option<SystemTime> {
        match &self.when {
            When::At(at) => Some(*at),
            When::After(_) | When::Every(_) => None,
        }
    }

    /// Time at which the event comes next.
    pub(super) fn next(&self, now: SystemTime) -> Option<SystemTime> {
        match &self.when {
            When::Every(every) => every.next_since(self.stored_at, now),
            When::At(at) => Some(*at),
            When::After(_) => None,
        }
    }

    /// The event as it arrives once it is due.
    pub(super) fn incoming(&self) -> Incoming {
        Incoming {
            subject: self.target.clone(),
            headers: self.headers.clone().into(),
            payload: self.payload.clone(),
            ..Incoming::default()
        }
    }
}
