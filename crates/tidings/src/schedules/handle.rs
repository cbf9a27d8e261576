//! A schedule that this program made.

use std::time::SystemTime;

use super::error::ScheduleError;
use super::stream_schedules::{StreamSchedules, key_of};
use crate::publish_ack::PublishAck;
use crate::recurrence::When;
use crate::subject::Subject;

/// A schedule, made by [`Draft::schedule`](crate::Draft::schedule): what moves and cancels it. A cheap clone.
///
/// A handle means the schedule under its key, also where another program has moved that.
#[derive(Debug, Clone)]
pub struct ScheduleHandle {
    schedules: StreamSchedules,
    key: String,
}

impl ScheduleHandle {
    /// The handle of what waits on this subject.
    pub(super) fn new(schedules: StreamSchedules, subject: &Subject) -> Self {
        Self { key: key_of(subject).to_owned(), schedules }
    }

    /// The key under which the event waits.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Time at which it comes next, as far as this program can tell; `None` if it waits no more.
    ///
    /// # Errors
    /// [`ScheduleError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&self) -> Result<Option<SystemTime>, ScheduleError> {
        let waiting = self.schedules.find(&self.key).await?;
        Ok(waiting.and_then(|waiting| waiting.next(self.schedules.link.transport.now())))
    }

    /// Cancels the event, as [`Schedules::cancel`](crate::Schedules::cancel) does.
    ///
    /// # Errors
    /// [`ScheduleError`]; [`ScheduleError::NotWaiting`] where it waits no more, and
    /// [`ScheduleError::Came`] where it came meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether it was cancelled.
    pub async fn cancel(&self) -> Result<(), ScheduleError> {
        self.schedules.cancel(&self.key, |_| Ok(())).await
    }

    /// Moves the event to another time, as [`Schedules::reschedule`](crate::Schedules::reschedule) does.
    ///
    /// # Errors
    /// [`ScheduleError`], also for a time that has passed; [`ScheduleError::NotWaiting`] where it waits no
    /// more, and [`ScheduleError::Came`] where it came meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether it was moved.
    pub async fn reschedule(&self, when: impl Into<When>) -> Result<PublishAck, ScheduleError> {
        self.schedules.reschedule(&self.key, &when.into(), |_| Ok(())).await
    }
}
