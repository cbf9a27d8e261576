//! A delayed event that is published again while it waits: it waits for the new time instead.

use std::time::SystemTime;

use tokio::time::{Instant, timeout_at};

use super::outrun::{Outrun, outran};
use super::{PublishError, unconfirmed};
use crate::header;
use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::stream::StreamDeclaration;
use crate::timestamp;
use crate::transport::{Fault, Outgoing, StoredHeaders, Which};

/// Number of times that a copy that waits may be replaced by somebody else meanwhile, before that
/// is an error.
const TRIES: usize = 5;

/// State of a delayed event whose id the stream knows.
enum WaitingCopy {
    /// Waiting for the same time, or not waiting any more.
    Same(Option<u64>),
    /// Waiting for another time, with this sequence.
    Other { sequence: u64, due: Option<SystemTime> },
}

/// Goes on after a stream knew the id of a delayed event: the copy that waits for another time is
/// replaced by this one, if it is still there as it does (nats-server 2.15 takes the two for one
/// otherwise). What came meanwhile stays a duplicate.
pub(super) async fn reschedule(
    link: &Link,
    stream: &'static StreamDeclaration,
    outgoing: &Outgoing,
    duplicate: PublishAck,
) -> Result<PublishAck, PublishError> {
    let by = Instant::now() + link.timeouts.publish;
    for _ in 0..TRIES {
        let (sequence, due) = match find(link, stream, outgoing, by).await? {
            WaitingCopy::Same(waits) => {
                let sequence = waits.unwrap_or(duplicate.sequence);
                return Ok(PublishAck { sequence, ..duplicate });
            }
            WaitingCopy::Other { sequence, due } => (sequence, due),
        };
        let (moved, is_guarded) = moved(outgoing, sequence);
        let sent = unconfirmed::start(link, stream, &moved, || by).await?;
        match unconfirmed::confirm(link, stream, &moved, sent).await {
            // The event has come meanwhile, or somebody else moved it first.
            Err(PublishError::Conflict { .. }) if is_guarded => {}
            Ok(ack) => {
                let schedule = &moved.subject;
                return match outran(link, stream, schedule, due, ack.sequence).await? {
                    Outrun::No => Ok(ack),
                    Outrun::Yes => Ok(duplicate),
                };
            }
            Err(error) => return Err(error),
        }
    }
    Err(not_rescheduled(outgoing, "others replace it at the same time"))
}

/// Checks whether a delayed event of a batch, whose id is known, waits for its time or for none.
///
/// # Errors
/// [`PublishError::NotRescheduled`] if it waits for another.
pub(super) async fn is_as_asked(
    link: &Link,
    stream: &'static StreamDeclaration,
    outgoing: &Outgoing,
) -> Result<(), PublishError> {
    match find(link, stream, outgoing, Instant::now() + link.timeouts.publish).await? {
        WaitingCopy::Same(_) => Ok(()),
        WaitingCopy::Other { .. } => {
            Err(not_rescheduled(outgoing, "it waits for another time; publish it by itself"))
        }
    }
}

/// Looks at what waits where the event would: no more than one does.
async fn find(
    link: &Link,
    stream: &'static StreamDeclaration,
    outgoing: &Outgoing,
    by: Instant,
) -> Result<WaitingCopy, PublishError> {
    let which = Which::Next { from: 1, filter: outgoing.subject.as_str() };
    let by = by.min(Instant::now() + link.timeouts.ack);
    match timeout_at(by, link.transport.stored(stream.name, which)).await {
        Ok(Ok(None)) => Ok(WaitingCopy::Same(None)),
        Ok(Ok(Some(found))) => Ok(match &found.headers {
            StoredHeaders::Read(headers)
                if headers.get(header::SCHEDULE) == outgoing.headers.get(header::SCHEDULE) =>
            {
                WaitingCopy::Same(Some(found.sequence))
            }
            headers => WaitingCopy::Other { sequence: found.sequence, due: due(headers) },
        }),
        Ok(Err(Fault::Closed)) => Err(PublishError::Closed),
        Ok(Err(fault)) => Err(not_rescheduled(outgoing, &fault.to_string())),
        Err(_) => Err(not_rescheduled(outgoing, "its stream does not say for which")),
    }
}

/// Time at which what waits is due, if it says one.
fn due(headers: &StoredHeaders) -> Option<SystemTime> {
    let StoredHeaders::Read(headers) = headers else { return None };
    timestamp::read(headers.get(header::SCHEDULE)?.strip_prefix("@at ")?)
}

/// The event as it takes the place of the copy with this sequence, and of no other; whether that is
/// so by an expectation of its own. Its id is one that is known by no stream, unless it is sent again.
fn moved(outgoing: &Outgoing, sequence: u64) -> (Outgoing, bool) {
    let mut moved = outgoing.clone();
    let id = moved.headers.get(header::MESSAGE_ID).unwrap_or_default();
    let at = moved.headers.get(header::SCHEDULE).and_then(|at| at.split(' ').nth(1));
    let id = format!("{id}@{sequence}/{}", at.unwrap_or_default());
    moved.headers.set(header::MESSAGE_ID, id);
    let is_guarded = moved.headers.get(header::EXPECTED_LAST_SUBJECT_SEQUENCE).is_none();
    if is_guarded {
        moved.headers.push(header::EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
    }
    (moved, is_guarded)
}

fn not_rescheduled(outgoing: &Outgoing, problem: &str) -> PublishError {
    let get = |name| outgoing.headers.get(name).unwrap_or_default().to_owned();
    PublishError::NotRescheduled {
        subject: get(header::SCHEDULE_TARGET),
        message_id: get(header::MESSAGE_ID),
        problem: problem.to_owned(),
    }
}
