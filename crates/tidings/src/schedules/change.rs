//! Cancelling and moving what waits: of what was found, and of nothing that took its place.

use std::time::SystemTime;

use bytes::Bytes;
use uuid::Uuid;

use super::error::ScheduleError;
use super::stream_schedules::{StreamSchedules, Waiting};
use crate::envelope::ended_subject;
use crate::header::{self, Headers};
use crate::publish::{self, Due, Outrun, PublishError};
use crate::publish_ack::PublishAck;
use crate::recurrence::When;
use crate::transport::Outgoing;

/// Number of times that somebody else may change it meanwhile, before that is an error.
const TRIES: usize = 8;
/// Time of what will not come: no later than a server can count.
const FAR: &str = "@at 2200-01-01T00:00:00Z";

impl StreamSchedules {
    /// Cancels what waits under this key, if `is_ours` has nothing against it.
    pub(super) async fn cancel(
        &self,
        key: &str,
        is_ours: impl Fn(&Waiting) -> Result<(), ScheduleError>,
    ) -> Result<(), ScheduleError> {
        for _ in 0..TRIES {
            let waiting = self.ours(key, &is_ours).await?;
            let is_cancelled = match waiting.due() {
                Some(due) => self.end_one(key, &waiting, due).await?,
                None => self.end_recurring(&waiting).await?,
            };
            if is_cancelled {
                return Ok(());
            }
        }
        Err(ScheduleError::Busy { key: key.to_owned() })
    }

    /// Moves what waits under this key, if `is_ours` has nothing against it.
    pub(super) async fn reschedule(
        &self,
        key: &str,
        when: &When,
        is_ours: impl Fn(&Waiting) -> Result<(), ScheduleError>,
    ) -> Result<PublishAck, ScheduleError> {
        for _ in 0..TRIES {
            let waiting = self.ours(key, &is_ours).await?;
            if let Some(ack) = self.shift(key, &waiting, when).await? {
                return Ok(ack);
            }
        }
        Err(ScheduleError::Busy { key: key.to_owned() })
    }

    async fn ours(
        &self,
        key: &str,
        is_ours: impl Fn(&Waiting) -> Result<(), ScheduleError>,
    ) -> Result<Waiting, ScheduleError> {
        let Some(waiting) = self.find(key).await? else {
            let (stream, key) = (self.stream.name, key.to_owned());
            return Err(ScheduleError::NotWaiting { stream, key });
        };
        is_ours(&waiting).map(|()| waiting)
    }

    /// Ends what comes once; `false` if somebody else changed it.
    async fn end_one(
        &self,
        key: &str,
        waiting: &Waiting,
        due: SystemTime,
    ) -> Result<bool, ScheduleError> {
        let (link, stream) = (&self.link, self.stream);
        if !publish::may_outrun(link, stream, Some(due)).await {
            let ended = self.store(&self.ending(waiting, waiting.sequence)).await?;
            if publish::may_outrun(link, stream, Some(due)).await {
                // Cancelling took so long that the event may have come.
                return Err(ScheduleError::Unsure { key: key.to_owned() });
            }
            return Ok(ended.is_some());
        }
        // A server may have it in hand. Then it takes along what stands in its place, and that tells.
        let Some(stored) = self.store(&self.stand_in(waiting)).await? else { return Ok(false) };
        let sequence = stored.sequence;
        match publish::outran(link, stream, &waiting.subject, Some(due), sequence).await? {
            Outrun::Yes => Err(ScheduleError::Came { key: key.to_owned() }),
            // Another schedule made under the key by now has another sequence.
            Outrun::No => self.store(&self.ending(waiting, sequence)).await.map(|_| true),
        }
    }

    /// Ends what comes again and again; what a server has in hand comes before this returns.
    async fn end_recurring(&self, waiting: &Waiting) -> Result<bool, ScheduleError> {
        if self.store(&self.ending(waiting, waiting.sequence)).await?.is_none() {
            return Ok(false);
        }
        publish::pass(&self.link, self.stream).await?;
        Ok(true)
    }

    /// Stores it for another time; `None` if somebody else changed it.
    async fn shift(
        &self,
        key: &str,
        waiting: &Waiting,
        when: &When,
    ) -> Result<Option<PublishAck>, ScheduleError> {
        let (now, target) = (self.link.transport.now(), waiting.target.as_str());
        let (due, _) = publish::due(Some(self.stream), target, when, now)?;
        let mut headers = waiting.headers.clone();
        match (&due, waiting.due()) {
            (Due::Once(at), Some(_)) => headers.set(header::SCHEDULE, format!("@at {at}")),
            (Due::Every(every), None) => {
                headers.set(header::SCHEDULE, every.to_string());
                headers.remove(header::SCHEDULE_TIME_ZONE);
                if let Some(zone) = every.time_zone() {
                    headers.push(header::SCHEDULE_TIME_ZONE, zone.to_owned());
                }
            }
            (Due::Once(_) | Due::Every(_), _) => {
                return Err(ScheduleError::Kind { key: key.to_owned() });
            }
        }
        for of_publish in [header::EXPECTED_LAST_SEQUENCE, header::EXPECTED_LAST_MESSAGE_ID] {
            headers.remove(of_publish);
        }
        guard(&mut headers, waiting.sequence);
        let (subject, payload) = (waiting.subject.clone(), waiting.payload.clone());
        let moved = Outgoing { subject, headers, payload };
        let Some(ack) = self.store(&moved).await? else { return Ok(None) };
        let Some(before) = waiting.due() else {
            publish::supersede(&self.link, self.stream, moved, ack.sequence).await?;
            return Ok(Some(ack));
        };
        let schedule = &waiting.subject;
        let outran = publish::outran(&self.link, self.stream, schedule, Some(before), ack.sequence);
        if outran.await? == Outrun::Yes && self.is_to_come(when, now) {
            return Err(ScheduleError::Came { key: key.to_owned() });
        }
        Ok(Some(ack))
    }

    /// Returns `true` if what was moved then can't have come by itself: where it can, one of the two did.
    fn is_to_come(&self, when: &When, then: SystemTime) -> bool {
        let at = match when {
            When::After(delay) => then.checked_add(*delay),
            When::At(at) => Some(*at),
            When::Every(_) => None,
        };
        at.is_some_and(|at| at > self.link.transport.now())
    }

    /// A message that takes the place of one that waits, and does not come.
    fn stand_in(&self, waiting: &Waiting) -> Outgoing {
        let mut headers = Headers::new();
        headers.push(header::SCHEDULE, FAR);
        headers.push(header::SCHEDULE_TARGET, ended_subject(self.stream.name).to_string());
        guard(&mut headers, waiting.sequence);
        Outgoing { subject: waiting.subject.clone(), headers, payload: Bytes::new() }
    }

    /// A message that ends a schedule, if it still has this sequence (ADR-51).
    fn ending(&self, waiting: &Waiting, sequence: u64) -> Outgoing {
        let mut headers = Headers::new();
        let schedule = || waiting.subject.to_string();
        headers.push(header::SCHEDULE_NEXT, header::SCHEDULE_OVER);
        headers.push(header::SCHEDULER, schedule());
        guard(&mut headers, sequence);
        headers.push(header::EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, schedule());
        headers.push(header::ROLLUP, "sub");
        headers.push(header::MARKER_REASON, publish::ENDED);
        if (self.stream.config)().allow_message_ttl {
            headers.push(header::TTL, "1");
        }
        Outgoing { subject: ended_subject(self.stream.name), headers, payload: Bytes::new() }
    }

    /// Stores what changes a schedule; `None` if it is another by now.
    async fn store(&self, change: &Outgoing) -> Result<Option<PublishAck>, ScheduleError> {
        match publish::store(&self.link, self.stream, change).await {
            Ok(ack) => Ok(Some(ack)),
            Err(PublishError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Has a stream store it once, and only where the schedule still has this sequence.
fn guard(headers: &mut Headers, sequence: u64) {
    headers.set(header::MESSAGE_ID, Uuid::now_v7().simple().to_string());
    headers.set(header::EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
}
