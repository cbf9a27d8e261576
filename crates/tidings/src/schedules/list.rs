//! The schedules of a stream, one after the other.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt as _};

use super::entry::Scheduled;
use super::error::ScheduleError;
use super::stream_schedules::{StreamSchedules, key_of};
use crate::message::{Decode, StreamEvent};
use crate::transport::Which;

/// The events of a type that wait, in the order in which they were scheduled; a futures stream.
///
/// Each is read by a request of its own, so that no consumer is made. What is moved while it is read is told
/// once. After an error about one event it goes on with the next, after any other it ends.
///
/// # Cancel safety
/// Nothing is lost when a future of its next event is dropped.
#[must_use = "a stream does nothing unless it is polled"]
pub struct ScheduleList<E> {
    events: Pin<Box<dyn Stream<Item = Result<Scheduled<E>, ScheduleError>> + Send>>,
}

struct Walk {
    schedules: StreamSchedules,
    from: u64,
    told: HashSet<String>,
    has_ended: bool,
}

impl<E: StreamEvent + Decode> ScheduleList<E> {
    pub(super) fn new(schedules: StreamSchedules) -> Self {
        let walk = Walk { schedules, from: 1, told: HashSet::new(), has_ended: false };
        let events = unfold(walk, async |mut walk| {
            let next = walk.next::<E>().await;
            next.map(|next| (next, walk))
        });
        Self { events: Box::pin(events) }
    }

    /// The next event; `None` after the last.
    ///
    /// # Errors
    /// [`ScheduleError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Scheduled<E>, ScheduleError>> {
        self.events.next().await
    }
}

impl Walk {
    async fn next<E: Decode>(&mut self) -> Option<Result<Scheduled<E>, ScheduleError>> {
        let filter = self.schedules.filter();
        while !self.has_ended {
            let found = self.schedules.read(Which::Next { from: self.from, filter: &filter }).await;
            let found = match found {
                Ok(found) => found?,
                Err(error) => {
                    self.has_ended = true;
                    return Some(Err(error));
                }
            };
            self.from = found.sequence + 1;
            let Some(waiting) = self.schedules.waiting(found) else { continue };
            let key = key_of(&waiting.subject).to_owned();
            let Ok(entry) = self.schedules.of_event::<E>(&waiting, &key) else { continue };
            if self.told.insert(key) {
                return Some(entry.read(waiting));
            }
        }
        None
    }
}

impl<E> Stream for ScheduleList<E> {
    type Item = Result<Scheduled<E>, ScheduleError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(cx)
    }
}

impl<E> fmt::Debug for ScheduleList<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScheduleList")
    }
}
