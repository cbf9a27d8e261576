//! The time for which a draft's event is published: once later, or again and again.

use std::time::{Duration, SystemTime};

use super::Draft;
use crate::message::StreamEvent;
use crate::publish::{self, PublishError};
use crate::recurrence::{Recurrence, RecurrenceError, When};
use crate::schedules::{ScheduleHandle, Schedules};

impl<E: StreamEvent> Draft<'_, E> {
    /// Delivers it only after this time (server 2.12, ADR-51); the stream must allow it with
    /// `allow_message_schedules`. Until then it waits in the stream, also while no server runs.
    /// [`schedule`](Self::schedule) gives what cancels and moves it.
    ///
    /// Published again with the same id and another delay while it waits, it waits for the new time
    /// instead, and the ack is no duplicate's; once it has come it is a duplicate.
    /// [`PublishError::NotRescheduled`] says where neither is sure. Without a delay it is a duplicate
    /// while the stream knows its id, and after that a second event. An id that a handler's context
    /// derived is kept with the delay of its first run. Core subscriptions do not see it, and a
    /// [`ttl`](Draft::ttl) begins with the delivery.
    ///
    /// It comes once, and late rather than never, within these limits (nats-server 2.15):
    ///
    /// - What waits is a message of its stream: `max_messages` and `max_bytes` evict it like any other,
    ///   a purge removes it, and it counts for both. A `max_age` that ends it is refused, unless the stream
    ///   declares `allow_message_ttl`, which exempts it, and so is `retention = "interest"`, which drops it.
    ///   That is judged by what is declared, and not by what the server's stream has otherwise.
    /// - The stream knows the id of what has come by the duplicate window alone, which begins with the
    ///   publishing: a delay that is longer outlives it, and a server that was restarted has
    ///   forgotten it, as what comes has no `Nats-Msg-Id`. Published again then, it comes again. A
    ///   handler gets the same [`message_id`](crate::Context::message_id) each time.
    /// - It is due by this program's clock and comes by the server's. A server that was away delivers
    ///   what is overdue once it is back.
    /// - A mirror, or a stream that sources this one, keeps a copy of what waited and never delivers it.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.when = Some(Box::new(When::After(delay)));
        self
    }

    /// Delivers it only at this time, as [`delay`](Self::delay) does. One that has passed is an error.
    pub fn at(mut self, at: SystemTime) -> Self {
        self.when = Some(Box::new(When::At(at)));
        self
    }

    /// Delivers it again and again (server 2.14, ADR-51), until its schedule is cancelled: `"@every 5m"`, a
    /// pattern of cron such as `"0 30 8 * * mon-fri"`, or a [`Recurrence`], which may have a time zone. The
    /// stream must allow it with `allow_message_schedules`.
    ///
    /// There is one schedule for each key: the id given with [`message_id`](Self::message_id), else the
    /// event's own, else its subject. The same published again changes nothing, so that each instance of a
    /// program may say it as it starts, and the ack is a duplicate's; another takes its place.
    ///
    /// What comes has no [`message_id`](crate::Context::message_id): it would be the same each time. The
    /// payload is the same, too. A stream with a `max_age` must declare `allow_message_ttl`, which exempts
    /// the schedule. What a server missed while it was away it delivers once. The limits of `delay` hold
    /// beside: core subscriptions do not see it, and an eviction or a purge ends it.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// use tidings::Recurrence;
    ///
    /// #[derive(EventStream)]
    /// #[stream(name = "REPORTS", subjects("reports.>"), allow_message_schedules)]
    /// struct Reports;
    ///
    /// #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
    /// #[event(subject = "reports.{kind}.due", stream = Reports)]
    /// struct ReportDue { kind: String }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Reports>().await?;
    /// let sales = ReportDue { kind: "sales".into() };
    /// let mornings = Recurrence::cron("0 30 8 * * mon-fri")?.in_time_zone("Europe/Berlin")?;
    /// let reminder = bus.message(&sales).every(mornings).schedule().await?;
    ///
    /// let mut due = bus.consume::<ReportDue>("reporter").await?;
    /// due.next().await.ok_or("the bus is closed")??.ack().await?;
    /// reminder.cancel().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn every<R>(mut self, recurrence: R) -> Self
    where
        R: TryInto<Recurrence>,
        R::Error: Into<RecurrenceError>,
    {
        match recurrence.try_into() {
            Ok(recurrence) => self.when = Some(Box::new(When::Every(recurrence))),
            Err(error) => {
                self.refused.get_or_insert(PublishError::Recurrence(error.into()));
            }
        }
        self
    }

    /// Publishes it for a time that [`delay`](Self::delay), [`at`](Self::at) or [`every`](Self::every) says,
    /// and gives what moves and cancels it.
    ///
    /// # Errors
    /// [`PublishError`], also where no time is said.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the event was scheduled.
    pub async fn schedule(self) -> Result<ScheduleHandle, PublishError> {
        let (link, is_timed) = (self.link, self.when.is_some());
        let mut prepared = self.prepare()?;
        let subject = prepared.outgoing.subject.clone();
        if !is_timed {
            let problem = "it says no time; give it one with `.delay(…)`, `.at(…)` or `.every(…)`";
            let (subject, problem) = (subject.to_string(), problem.to_owned());
            return Err(PublishError::Delay { subject, problem });
        }
        if prepared.reschedules && prepared.recurs() {
            Box::pin(publish::recur::<E>(link, &mut prepared)).await?;
        } else if publish::stored_by_earlier_run(link, &mut prepared).await.is_none() {
            publish::send::<E>(link, &mut prepared).await?;
        }
        Ok(Schedules::<E>::new(link.clone()).handle_of(&subject))
    }
}
