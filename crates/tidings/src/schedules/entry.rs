//! An event that waits, read.

use std::marker::PhantomData;
use std::time::SystemTime;

use super::error::ScheduleError;
use super::stream_schedules::{StreamSchedules, Waiting};
use crate::envelope;
use crate::message::Decode;
use crate::recurrence::When;
use crate::transport::Incoming;

/// An event that waits for its time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Scheduled<E> {
    /// The key under which it waits, by which it is moved and cancelled.
    pub key: String,
    /// The event.
    pub event: E,
    /// The subject on which the event will be delivered.
    pub subject: String,
    /// Time, or times, at which it comes: [`When::At`] or [`When::Every`].
    pub when: When,
    /// Time at which it comes next, as far as this program can tell. Of an interval it is reckoned from when it
    /// was scheduled; a server that was away meanwhile begins it anew.
    pub next: Option<SystemTime>,
    /// Time at which it was scheduled, or moved last.
    pub scheduled_at: SystemTime,
    /// The sequence of what waits in the stream.
    pub sequence: u64,
}

/// An entry that is not read yet.
pub(super) struct Entry<E> {
    pub(super) incoming: Incoming,
    key: String,
    next: Option<SystemTime>,
    event: PhantomData<fn() -> E>,
}

impl StreamSchedules {
    /// The waiting event.
    ///
    /// # Errors
    /// [`ScheduleError::Other`] if it is another one.
    pub(super) fn of_event<E: Decode>(
        &self,
        waiting: &Waiting,
        key: &str,
    ) -> Result<Entry<E>, ScheduleError> {
        let entry = Entry::new(waiting, key, self.link.transport.now());
        match envelope::declaration_of(E::DECLARATIONS, &entry.incoming) {
            Ok(_) => Ok(entry),
            Err(source) => {
                Err(ScheduleError::Other { key: key.to_owned(), source: Box::new(source) })
            }
        }
    }
}

impl<E: Decode> Entry<E> {
    pub(super) fn new(waiting: &Waiting, key: &str, now: SystemTime) -> Self {
        let (incoming, key, next) = (waiting.incoming(), key.to_owned(), waiting.next(now));
        Self { incoming, key, next, event: PhantomData }
    }

    pub(super) fn read(self, waiting: Waiting) -> Result<Scheduled<E>, ScheduleError> {
        let Self { incoming, key, next, .. } = self;
        match envelope::decode::<E>(&incoming) {
            Ok(event) => Ok(Scheduled {
                key,
                event,
                subject: waiting.target.to_string(),
                when: waiting.when,
                next,
                scheduled_at: waiting.stored_at,
                sequence: waiting.sequence,
            }),
            Err(source) => Err(ScheduleError::Decode { key, source: Box::new(source) }),
        }
    }
}
