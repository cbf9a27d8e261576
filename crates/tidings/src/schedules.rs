//! Schedules: events that wait in their stream until they are due, listed, moved and cancelled (ADR-51).

mod change;
mod entry;
mod error;
mod handle;
mod list;
mod stream_schedules;

pub use entry::Scheduled;
pub use error::ScheduleError;
pub use handle::ScheduleHandle;
pub use list::ScheduleList;

use std::fmt;
use std::marker::PhantomData;

use self::stream_schedules::StreamSchedules;
use crate::link::Link;
use crate::message::{Decode, StreamEvent};
use crate::publish_ack::PublishAck;
use crate::recurrence::When;
use crate::stream::StreamDeclaration;
use crate::subject::Subject;

/// The events of type `E` that wait for their time, made by `Bus::schedules`: those that were published with
/// [`delay`](crate::Draft::delay), [`at`](crate::Draft::at) or [`every`](crate::Draft::every), by any program.
///
/// Each has a key: the message id of an event that comes once, and of one that comes again and again what
/// `every` says. A change is of what waits then, and of nothing else: where an event comes before it could be
/// cancelled or moved, that is [`ScheduleError::Came`], and never both.
///
/// ```
/// use tidings::prelude::*;
///
/// #[derive(EventStream)]
/// #[stream(name = "REMINDERS", subjects("reminders.>"), allow_message_schedules)]
/// struct Reminders;
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "reminders.{who}.due", stream = Reminders)]
/// struct Reminder { #[event(id)] number: u64, who: String }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// bus.provision::<Reminders>().await?;
/// let hour = Duration::from_secs(3600);
/// for number in [1, 2] {
///     let reminder = Reminder { number, who: "ada".into() };
///     bus.message(&reminder).delay(hour).publish().await?;
/// }
///
/// let schedules = bus.schedules::<Reminder>();
/// let mut list = schedules.list();
/// while let Some(waiting) = list.next().await {
///     let waiting = waiting?;
///     println!("{} at {:?}: {:?}", waiting.key, waiting.next, waiting.event);
/// }
/// schedules.reschedule("reminders.due/1", 2 * hour).await?;
/// schedules.cancel("reminders.due/2").await?;
/// assert!(schedules.get("reminders.due/2").await?.is_none());
/// # Ok(())
/// # }
/// ```
pub struct Schedules<E> {
    schedules: StreamSchedules,
    event: PhantomData<fn() -> E>,
}

impl<E> Clone for Schedules<E> {
    fn clone(&self) -> Self {
        Self { schedules: self.schedules.clone(), event: PhantomData }
    }
}

impl<E> fmt::Debug for Schedules<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedules").field(&self.schedules.stream.name).finish()
    }
}

impl<E: StreamEvent> Schedules<E> {
    pub(crate) fn new(link: Link) -> Self {
        let stream = const { &StreamDeclaration::of::<E::Stream>() };
        Self { schedules: StreamSchedules { link, stream }, event: PhantomData }
    }

    /// The handle of what waits on this subject.
    pub(crate) fn handle_of(self, subject: &Subject) -> ScheduleHandle {
        ScheduleHandle::new(self.schedules, subject)
    }
}

impl<E: StreamEvent + Decode> Schedules<E> {
    /// Lists what waits, in the order in which it was scheduled.
    pub fn list(&self) -> ScheduleList<E> {
        ScheduleList::new(self.schedules.clone())
    }

    /// Finds what waits under a key; `None` if nothing does: it came, was cancelled, or never was.
    ///
    /// # Errors
    /// [`ScheduleError`], also where another event waits under the key, or its payload can't be read.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn get(&self, key: &str) -> Result<Option<Scheduled<E>>, ScheduleError> {
        match self.schedules.find(key).await? {
            Some(waiting) => self.schedules.of_event::<E>(&waiting, key)?.read(waiting).map(Some),
            None => Ok(None),
        }
    }

    /// Cancels what waits under a key: it does not come from then on.
    ///
    /// The stream knows the id of what was cancelled while its duplicate window lasts: published once
    /// more within it, an event with a delay is a duplicate, and is not scheduled.
    ///
    /// Near the time at which it is due this takes up to a second, since a server may have it in hand: it is
    /// waited for until that is known. What comes again and again is waited for always.
    ///
    /// In the stream one message stays behind, without a payload, on `_schedules.<stream>._ended`; the next
    /// cancelling takes its place, and in a stream that declares `allow_message_ttl` it goes by itself.
    ///
    /// # Errors
    /// [`ScheduleError`]; [`ScheduleError::NotWaiting`] where nothing waits, and
    /// [`ScheduleError::Came`] where it came meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether it was cancelled.
    pub async fn cancel(&self, key: &str) -> Result<(), ScheduleError> {
        let is_ours = |waiting: &stream_schedules::Waiting| {
            self.schedules.of_event::<E>(waiting, key).map(drop)
        };
        self.schedules.cancel(key, is_ours).await
    }

    /// Moves what waits under a key to another time: a [`Duration`](std::time::Duration) from now, a
    /// [`SystemTime`](std::time::SystemTime), or another [`Recurrence`](crate::Recurrence) where it comes again
    /// and again.
    ///
    /// Near the time at which it was due this takes up to a second, as [`cancel`](Self::cancel) does. What comes again
    /// and again is waited for always: once this returns, nothing comes by the time before, and the next one
    /// comes at the new one. In the stream it leaves the one message that cancelling leaves.
    ///
    /// # Errors
    /// [`ScheduleError`], also for a time that has passed; [`ScheduleError::NotWaiting`] where nothing waits,
    /// and [`ScheduleError::Came`] where it came meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether it was moved.
    pub async fn reschedule(
        &self,
        key: &str,
        when: impl Into<When>,
    ) -> Result<PublishAck, ScheduleError> {
        let is_ours = |waiting: &stream_schedules::Waiting| {
            self.schedules.of_event::<E>(waiting, key).map(drop)
        };
        self.schedules.reschedule(key, &when.into(), is_ours).await
    }
}
