//! Schedules that are replaced while they are due: a server may publish them all the same, and that is found out.
//!
//! A server (2.15.1) first gathers all that is due, and then publishes one after the other without another
//! look. What was replaced or ended between is published too, and takes what replaced it along. So where a
//! schedule was replaced that was due by then, what became of it is looked for once everything that was
//! gathered before is published: a schedule of our own tells, since a server gathers one after the other.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::PublishError;
use super::unconfirmed::store;
use crate::envelope::ended_subject;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::stream::StreamDeclaration;
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing, StoredHeaders, Which};

/// Difference between this program's clock and a server's, at most.
const FAR: Duration = Duration::from_secs(60);
/// Longest time that a server may take from the time of a message until it has replaced another by it.
const MARGIN: Duration = Duration::from_secs(1);
/// Reason that stands on what ends a schedule, and is no event.
pub(crate) const ENDED: &str = "Purge";
/// Time between looks whether our own schedule is over: a server gathers four times a second.
const POLL: Duration = Duration::from_millis(50);

/// Maximum number of times that what took a recurrence's place is stored again: each time something came just then.
const ROUNDS: usize = 4;
/// Number of messages on a schedule's target that are looked at.
const MOST: usize = 256;

/// Outcome of replacing a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outrun {
    /// The schedule was not published, and is not from now on.
    No,
    /// The schedule was published, and its replacement is gone.
    Yes,
}

/// Finds out whether a schedule that was due at this time was published after it was replaced by the
/// message with this sequence. Without a time it may be due at any.
pub(crate) async fn outran(
    link: &Link,
    stream: &'static StreamDeclaration,
    schedule: &Subject,
    due: Option<SystemTime>,
    replaced_by: u64,
) -> Result<Outrun, PublishError> {
    if !may_outrun(link, stream, due).await {
        return Ok(Outrun::No);
    }
    pass(link, stream).await?;
    let by = Instant::now() + link.timeouts.publish;
    let last = last(link, stream, schedule, by).await?;
    // Somebody may have replaced it once more by now: it was there until then.
    Ok(if last.is_some_and(|last| last >= replaced_by) { Outrun::No } else { Outrun::Yes })
}

/// Returns `true` if a schedule that is due at this time may be gathered by now.
pub(crate) async fn may_outrun(
    link: &Link,
    stream: &StreamDeclaration,
    due: Option<SystemTime>,
) -> bool {
    if !link.transport.publishes_what_ended() {
        return false;
    }
    let Some(due) = due else { return true };
    let is_far =
        |now: SystemTime, margin: Duration| now.checked_add(margin).is_some_and(|now| now < due);
    if is_far(SystemTime::now(), FAR) {
        return false;
    }
    match link.transport.stream_time(stream.name).await {
        Ok(Some(now)) => !is_far(now, MARGIN),
        Ok(None) | Err(_) => true,
    }
}

/// Waits until all is published that was gathered so far.
pub(crate) async fn pass(
    link: &Link,
    stream: &'static StreamDeclaration,
) -> Result<(), PublishError> {
    if !link.transport.publishes_what_ended() {
        return Ok(());
    }
    let by = Instant::now() + link.timeouts.publish;
    let id = Uuid::now_v7().simple().to_string();
    let ended = ended_subject(stream.name);
    let subject = Subject::from(format!("{ended}.{id}"));
    let mut headers = Headers::new();
    headers.push(header::MESSAGE_ID, id);
    headers.push(header::SCHEDULE, "@at 2000-01-01T00:00:00Z");
    headers.push(header::SCHEDULE_TARGET, ended.to_string());
    headers.push(header::SCHEDULE_ROLLUP, "sub");
    headers.push(header::MARKER_REASON, ENDED);
    if (stream.config)().allow_message_ttl {
        headers.push(header::SCHEDULE_TTL, "1");
    }
    store(link, stream, &Outgoing { subject: subject.clone(), headers, payload: Bytes::new() })
        .await?;
    while last(link, stream, &subject, by).await?.is_some() {
        sleep(POLL).await;
    }
    Ok(())
}

/// Waits until nothing is in a server's hand of the recurrence whose place this message has taken, stored with
/// this sequence.
///
/// What comes of it in the meantime sets the server's time for the next one as the recurrence before has it (2.15.1):
/// then the message is stored once more behind that, unless another has taken its place.
pub(crate) async fn supersede(
    link: &Link,
    stream: &'static StreamDeclaration,
    mut outgoing: Outgoing,
    mut sequence: u64,
) -> Result<(), PublishError> {
    if !link.transport.publishes_what_ended() {
        return Ok(());
    }
    for _ in 0..ROUNDS {
        pass(link, stream).await?;
        if !has_come(link, stream, &outgoing, sequence).await? {
            break;
        }
        outgoing.headers.set(header::MESSAGE_ID, Uuid::now_v7().simple().to_string());
        outgoing.headers.set(header::EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
        match store(link, stream, &outgoing).await {
            Ok(ack) => sequence = ack.sequence,
            Err(PublishError::Conflict { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns `true` if the schedule has come since this sequence.
async fn has_come(
    link: &Link,
    stream: &'static StreamDeclaration,
    schedule: &Outgoing,
    since: u64,
) -> Result<bool, PublishError> {
    let Some(filter) = schedule.headers.get(header::SCHEDULE_TARGET) else { return Ok(false) };
    let by = Instant::now() + link.timeouts.publish;
    let mut from = since + 1;
    for _ in 0..MOST {
        let which = Which::Next { from, filter };
        let stored = timeout_at(by, link.transport.stored(stream.name, which)).await;
        let found = stored.unwrap_or(Err(Fault::Timeout));
        let found = found.map_err(|fault| PublishError::of_stream(fault, filter, stream.name))?;
        let Some(found) = found else { return Ok(false) };
        if let StoredHeaders::Read(headers) = &found.headers
            && headers.get(header::SCHEDULER) == Some(schedule.subject.as_str())
        {
            return Ok(true);
        }
        from = found.sequence + 1;
    }
    // Others are too many to be looked through.
    Ok(true)
}

/// The sequence of what waits on this subject.
async fn last(
    link: &Link,
    stream: &'static StreamDeclaration,
    subject: &Subject,
    by: Instant,
) -> Result<Option<u64>, PublishError> {
    let which = Which::Last { filter: subject.as_str() };
    let stored = timeout_at(by, link.transport.stored(stream.name, which)).await;
    match stored.unwrap_or(Err(Fault::Timeout)) {
        Ok(found) => Ok(found.map(|found| found.sequence)),
        Err(fault) => Err(PublishError::of_stream(fault, subject.as_str(), stream.name)),
    }
}
