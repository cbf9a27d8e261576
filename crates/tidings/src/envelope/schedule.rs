//! Headers and subject of a message that waits in its stream until it is due (ADR-51).

use tidings_subject::{SCHEDULES, check_subject};

use crate::header;
use crate::recurrence::Recurrence;
use crate::subject::{SCHEDULES_END, Subject};
use crate::transport::Outgoing;

/// Postpones the message to `at`: until then it waits in its stream (ADR-51).
///
/// It waits on a subject that holds its id, where another copy of it replaces it, and carries the id a
/// second time, since the server takes the first header away on delivery.
/// `None` if the id can't stand in a subject.
pub(crate) fn postpone(mut outgoing: Outgoing, stream: &str, at: &str) -> Option<Outgoing> {
    let id = outgoing.headers.get(header::MESSAGE_ID)?.to_owned();
    let subject = schedule_subject(stream, &id)?;
    outgoing.headers.push(header::ORIGINAL_ID, id);
    outgoing.headers.push(header::SCHEDULE, format!("@at {at}"));
    Some(waiting(outgoing, subject))
}

/// Has the message published again and again (ADR-51): it waits under this key. What is published has no
/// id: it would be the same each time.
/// `None` if the key can't stand in a subject.
pub(crate) fn repeat(
    mut outgoing: Outgoing,
    stream: &str,
    key: &str,
    every: &Recurrence,
) -> Option<Outgoing> {
    let subject = schedule_subject(stream, key)?;
    outgoing.headers.push(header::SCHEDULE, every.to_string());
    if let Some(zone) = every.time_zone() {
        outgoing.headers.push(header::SCHEDULE_TIME_ZONE, zone.to_owned());
    }
    Some(waiting(outgoing, subject))
}

fn waiting(outgoing: Outgoing, subject: Subject) -> Outgoing {
    let Outgoing { subject: target, mut headers, payload } = outgoing;
    headers.push(header::SCHEDULE_TARGET, target.to_string());
    // What lives for a time lives from its delivery on.
    if let Some(ttl) = headers.remove(header::TTL) {
        headers.push(header::SCHEDULE_TTL, ttl);
    }
    Outgoing { subject, headers, payload }
}

/// The subject on which a stream's message waits that has this key; `None` if the key can't stand in a
/// subject, or is the one under which schedules end.
pub(crate) fn schedule_subject(stream: &str, key: &str) -> Option<Subject> {
    let subject = format!("{SCHEDULES}.{stream}.{key}");
    let is_free = key.split('.').next() != Some(SCHEDULES_END);
    (is_free && check_subject(&subject).is_ok()).then(|| Subject::from(subject))
}

/// The subject of what ends a stream's schedules, and of nothing else.
pub(crate) fn ended_subject(stream: &str) -> Subject {
    Subject::from(format!("{SCHEDULES}.{stream}.{SCHEDULES_END}"))
}
