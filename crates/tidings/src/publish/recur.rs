//! An event that is published again and again: what waits under its key is replaced where it is another.

use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::outrun::supersede;
use super::{Prepared, PublishError, send};
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::Event;
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::transport::{Fault, Outgoing, StoredHeaders, StoredMessage, Which};

/// Number of times that somebody else may replace what waits meanwhile, before that is an error.
const TRIES: usize = 5;

/// Headers that differ from one publish to the next, and say nothing of the event.
const OF_PUBLISH: [&str; 4] =
    [header::TRACE_PARENT, header::TRACE_STATE, header::CORRELATION_ID, header::CAUSATION_ID];

/// Stores what is published again and again, unless the same waits already: an interval goes on as it
/// began, however often a program that says so is started.
pub(crate) async fn recur<E: Event>(
    link: &Link,
    prepared: &mut Prepared,
) -> Result<E::Ack, PublishError> {
    let declaration = prepared.declaration;
    let Some(stream) = &declaration.stream else { return Err(PublishError::Closed) };
    // Its id is that of this call: the same event may be scheduled again once this one has ended.
    prepared.reschedules = false;
    let mut tries = 0;
    loop {
        let waits = find(link, stream.name, &prepared.outgoing, link.timeouts.publish).await?;
        if let Some(waits) = &waits
            && is_same(waits, &prepared.outgoing)
        {
            let (stream, sequence) = (stream.name.to_owned(), waits.sequence);
            let ack = PublishAck { stream, sequence, duplicate: true };
            return E::Ack::from_stored(Some(ack)).ok_or(PublishError::Closed);
        }
        let recurred = waits.as_ref().is_some_and(is_recurrence);
        let sequence = waits.map_or(0, |waits| waits.sequence);
        let headers = &mut prepared.outgoing.headers;
        headers.set(header::MESSAGE_ID, Uuid::now_v7().simple().to_string());
        headers.set(header::EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
        match send::send::<E>(link, prepared).await {
            Err(PublishError::Conflict { .. }) if tries < TRIES => tries += 1,
            Ok(sent) if recurred => {
                let within = link.timeouts.publish;
                if let Some(stored) = find(link, stream.name, &prepared.outgoing, within).await? {
                    supersede(link, stream, prepared.outgoing.clone(), stored.sequence).await?;
                }
                return Ok(sent);
            }
            sent => return sent,
        }
    }
}

async fn find(
    link: &Link,
    stream: &'static str,
    outgoing: &Outgoing,
    within: Duration,
) -> Result<Option<StoredMessage>, PublishError> {
    let subject = outgoing.subject.as_str();
    let last = link.transport.stored(stream, Which::Last { filter: subject });
    match timeout(within, last).await.unwrap_or(Err(Fault::Timeout)) {
        Ok(found) => Ok(found),
        Err(Fault::Api(error)) if error.is_not_found() => {
            Err(PublishError::of_stream(Fault::NoResponders, subject, stream))
        }
        Err(fault) => Err(PublishError::of_stream(fault, subject, stream)),
    }
}

fn is_recurrence(waits: &StoredMessage) -> bool {
    let StoredHeaders::Read(headers) = &waits.headers else { return false };
    headers.get(header::SCHEDULE).is_some_and(|when| !when.starts_with("@at "))
}

fn is_same(waits: &StoredMessage, outgoing: &Outgoing) -> bool {
    let StoredHeaders::Read(headers) = &waits.headers else { return false };
    waits.payload == outgoing.payload && what_it_says(headers) == what_it_says(&outgoing.headers)
}

/// The headers that decide what is published, and when; a server keeps them in no order.
fn what_it_says(headers: &Headers) -> Vec<(String, &str)> {
    const DECIDE: [&str; 4] = [
        header::SCHEDULE,
        header::SCHEDULE_TARGET,
        header::SCHEDULE_TIME_ZONE,
        header::SCHEDULE_TTL,
    ];
    let decides = |name: &str| {
        let is_one = |of: &[&str]| of.iter().any(|other| name.eq_ignore_ascii_case(other));
        if header::is_of_server(name) { is_one(&DECIDE) } else { !is_one(&OF_PUBLISH) }
    };
    let deciding = headers.iter().filter(|(name, _)| decides(name));
    let mut deciding: Vec<_> =
        deciding.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    deciding.sort_unstable();
    deciding
}
