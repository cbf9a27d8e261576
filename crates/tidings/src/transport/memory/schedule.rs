//! Messages that are published later (ADR-51).

use std::time::SystemTime;

use tidings_subject::{check_subject, overlaps};
use tokio::time::Instant;

use super::clock::Clock;
use super::effects::Effects;
use super::log::Message;
use super::schedules::Schedule;
use super::store_options::{Rollup, StoreOptions};
use super::stream::Stream;
use super::{api, ttl};
use crate::header::{self, Headers};
use crate::recurrence::{Recurrence, RecurrenceError};
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::{ApiError, Outgoing};
use crate::user_code::log;

/// Reads what a message's headers say about schedules, and checks it.
pub(super) fn read(
    stream: &Stream,
    message: &Outgoing,
    now: Instant,
    options: &mut StoreOptions,
) -> Result<(), ApiError> {
    let (headers, subject) = (&message.headers, message.subject.as_str());
    let allowed = stream.config.allow_message_schedules;
    match headers.get(header::SCHEDULE) {
        Some(_) if !allowed => return Err(api::schedules_disabled()),
        Some(pattern) => {
            let zone = headers.get(header::SCHEDULE_TIME_ZONE);
            options.schedule = Some(parse(pattern, zone, stream.clock, now)?);
            check_target(stream, headers, subject)?;
        }
        None => {}
    }
    match (headers.get(header::SCHEDULE_NEXT), headers.get(header::SCHEDULER)) {
        (None, None) => {}
        // A client may only end a schedule, and must say which.
        (Some(header::SCHEDULE_OVER), Some(scheduler))
            if scheduler != subject && check_subject(scheduler).is_ok() =>
        {
            if !allowed {
                return Err(api::schedules_disabled());
            }
            let last = stream.log.last_of(scheduler).and_then(|last| stream.log.get(last));
            if last.is_some_and(|last| last.headers.get(header::SCHEDULE).is_none()) {
                return Err(api::scheduler_invalid());
            }
            options.scheduler = Some(scheduler.to_owned());
            options.ends_schedule = Some(scheduler.to_owned());
        }
        _ => return Err(api::scheduler_invalid()),
    }
    Ok(())
}

fn check_target(stream: &Stream, headers: &Headers, subject: &str) -> Result<(), ApiError> {
    if let Some(text) = headers.get(header::SCHEDULE_TTL) {
        ttl::ttl(text).ok_or_else(api::schedule_ttl)?;
        if !stream.config.allow_message_ttl {
            return Err(api::ttl_disabled());
        }
    }
    if headers.get(header::SCHEDULE_ROLLUP).is_some_and(|rollup| rollup != "sub") {
        return Err(api::schedule_rollup());
    }
    let kept = |subject: &str| stream.config.subjects.iter().any(|s| overlaps(s, subject));
    let target = headers.get(header::SCHEDULE_TARGET).unwrap_or_default();
    if check_subject(target).is_err() || target == subject {
        return Err(api::schedule_target());
    }
    let source = headers.get(header::SCHEDULE_SOURCE);
    if source.is_some_and(|s| s == target || s == subject || check_subject(s).is_err()) {
        return Err(api::schedule_source());
    }
    if !kept(target) {
        return Err(api::schedule_target());
    }
    if source.is_some_and(|source| !kept(source)) {
        return Err(api::schedule_source());
    }
    match headers.get(header::ROLLUP) {
        Some(rollup) if !rollup.eq_ignore_ascii_case("sub") => Err(api::schedule_rollup()),
        _ => Ok(()),
    }
}

/// Reads `@at <RFC 3339>`, `@every <duration>` or a pattern of cron.
fn parse(
    pattern: &str,
    zone: Option<&str>,
    clock: Clock,
    now: Instant,
) -> Result<Schedule, ApiError> {
    if let Some(at) = pattern.strip_prefix("@at ").filter(|_| zone.is_none()) {
        let next = timestamp::read(at).and_then(|at| clock.instant(at));
        return Ok(Schedule { next: next.ok_or_else(api::schedule_pattern)?, every: None });
    }
    let every = Recurrence::read(pattern, zone).map_err(|error| match error {
        RecurrenceError::TimeZone { .. } => api::schedule_time_zone(),
        _ => api::schedule_pattern(),
    })?;
    let next = following(&every, clock, now).ok_or_else(api::schedule_pattern)?;
    Ok(Schedule { next, every: Some(every) })
}

/// The next time of a repeating schedule.
fn following(every: &Recurrence, clock: Clock, now: Instant) -> Option<Instant> {
    clock.instant(every.next_after(clock.system_time(now))?)
}

impl Stream {
    /// Publishes what is scheduled for now, into this stream.
    pub(super) fn publish_scheduled(&mut self, now: Instant, effects: &mut Effects) {
        let mut due = Vec::new();
        while let Some(schedule) = self.schedules.take_due(now) {
            due.push(schedule);
        }
        due.sort_unstable_by_key(|(_, sequence, _)| *sequence);
        for (subject, sequence, schedule) in due {
            let again = schedule.every.as_ref();
            let again = again.and_then(|every| following(every, self.clock, now));
            let next = again.map(|at| self.clock.system_time(at));
            // A schedule that was purged publishes nothing more.
            let Some(message) = self.scheduled(&subject, sequence, next) else {
                continue;
            };
            if let Some(next) = again {
                self.schedules.set(&subject, Some((sequence, Schedule { next, ..schedule })));
            }
            let options = StoreOptions {
                rollup: message.headers.get(header::ROLLUP).map(|_| Rollup::Subject),
                scheduler: Some(subject.clone()),
                ends_schedule: again.is_none().then_some(subject),
                ..StoreOptions::default()
            };
            self.last_message_id.clear();
            // Such a stream never discards what is new, and the TTL was checked beforehand.
            if let Err(error) = self.accept(message, &options, now, effects) {
                let stream = &*self.name;
                log(|| tracing::warn!(stream, %error, "a scheduled message was not stored"));
            }
        }
    }

    /// The message that a schedule publishes.
    fn scheduled(
        &self,
        subject: &str,
        sequence: u64,
        next: Option<SystemTime>,
    ) -> Option<Outgoing> {
        let schedule = self.log.get(sequence)?;
        let says = |name| schedule.headers.get(name);
        let source = says(header::SCHEDULE_SOURCE).and_then(|source| self.log.last_of(source));
        let content = source.and_then(|source| self.log.get(source)).unwrap_or(schedule);
        let mut headers = remaining(content);
        headers.push(header::SCHEDULER, subject.to_owned());
        headers.push(
            header::SCHEDULE_NEXT,
            next.map_or(Some(header::SCHEDULE_OVER.to_owned()), timestamp::write)
                .unwrap_or_default(),
        );
        for (from, to) in
            [(header::SCHEDULE_TTL, header::TTL), (header::SCHEDULE_ROLLUP, header::ROLLUP)]
        {
            if let Some(value) = says(from) {
                headers.push(to, value.to_owned());
            }
        }
        Some(Outgoing {
            subject: Subject::from(says(header::SCHEDULE_TARGET)?.to_owned()),
            headers,
            payload: content.payload.clone(),
        })
    }
}

/// The headers without those that were for the schedule, or for storing it.
fn remaining(message: &Message) -> Headers {
    const PREFIXES: [&str; 2] = ["nats-schedule", "nats-expected-"];
    const NAMES: [&str; 3] = [header::MESSAGE_ID, header::TTL, header::ROLLUP];
    let mut headers = Headers::new();
    for (name, value) in message.headers.iter() {
        let lower = name.to_ascii_lowercase();
        if !PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
            && !NAMES.iter().any(|other| other.eq_ignore_ascii_case(name))
        {
            headers.push(name.to_owned(), value.to_owned());
        }
    }
    headers
}
