//! Looking for what an earlier run of a handler stored, when its stream has forgotten the id.

use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::{Prepared, PublishError};
use crate::confirm::WINDOW;
use crate::header;
use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::transport::{Fault, StoredHeaders, Which};

/// Maximum number of messages of its subject that are looked at.
const FARTHEST: usize = 1000;
/// Maximum difference between the clocks of the servers that stored two messages.
const SKEW: Duration = Duration::from_secs(1);

/// The copy that an earlier run of the same handler stored before its stream's duplicate window
/// began. Within the window the stream knows the id itself.
pub(crate) async fn stored_by_earlier_run(
    link: &Link,
    prepared: &mut Prepared,
) -> Option<PublishAck> {
    let since = prepared.run_before_since?;
    let sequence = Box::pin(look(link, prepared, since)).await?;
    let stream = prepared.declaration.stream?.name.to_owned();
    let ack = PublishAck { stream, sequence, duplicate: true };
    let sending = link.publishes(prepared.declaration, &mut prepared.outgoing);
    sending.published::<PublishError>(Ok(Some(&ack)));
    Some(ack)
}

/// The sequence of that copy.
pub(super) async fn sequence_of(link: &Link, prepared: &Prepared) -> Option<u64> {
    Box::pin(look(link, prepared, prepared.run_before_since?)).await
}

async fn look(link: &Link, prepared: &Prepared, since: SystemTime) -> Option<u64> {
    let stream = prepared.declaration.stream.as_ref()?.name;
    let outgoing = &prepared.outgoing;
    let (subject, id) = (outgoing.subject.as_str(), outgoing.headers.get(header::MESSAGE_ID)?);
    let again = "it is published again";
    // One that was delayed waits on a subject of its own, and may have come meanwhile.
    let target = outgoing.headers.get(header::SCHEDULE_TARGET);
    let find = async {
        match (find(link, stream, subject, id, since).await, target) {
            (Ok(Earlier::Not), Some(target)) => find(link, stream, target, id, since).await,
            (found, _) => found,
        }
    };
    match timeout(link.timeouts.ack, find).await {
        Ok(Ok(Earlier::At(sequence))) => return Some(sequence),
        Ok(Ok(Earlier::Not)) => {}
        Ok(Ok(Earlier::TooMany)) => tracing::warn!(
            stream,
            subject,
            id,
            "an earlier run may have stored this event, and {FARTHEST} others came since: {again}"
        ),
        // A missing stream is told of when the event is published.
        Ok(Err(fault)) => tracing::debug!(
            stream, subject, id, error = %fault,
            "an earlier run may have stored this event, and the stream does not tell: {again}"
        ),
        Err(_) => tracing::warn!(
            stream,
            subject,
            id,
            "an earlier run may have stored this event, and the stream does not tell in time: {again}"
        ),
    }
    None
}

enum Earlier {
    At(u64),
    Not,
    /// More messages are on its subject than were looked at.
    TooMany,
}

async fn find(
    link: &Link,
    stream: &str,
    subject: &str,
    id: &str,
    since: SystemTime,
) -> Result<Earlier, Fault> {
    let transport = &link.transport;
    let Some(config) = transport.stream(stream).await? else { return Ok(Earlier::Not) };
    let window = config.duplicate_window.unwrap_or(WINDOW);
    // Whatever was stored since is known, with a margin for clocks that differ.
    let age = transport.now().duration_since(since).unwrap_or_default();
    if age + SKEW.min(window / 4) < window {
        return Ok(Earlier::Not);
    }
    let since = since.checked_sub(SKEW).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut from = transport.first_since(stream, subject, since).await?;
    for _ in 0..FARTHEST {
        let next = transport.stored(stream, Which::Next { from, filter: subject }).await?;
        let Some(stored) = next else { return Ok(Earlier::Not) };
        if let StoredHeaders::Read(headers) = &stored.headers
            && headers.own_id() == Some(id)
        {
            return Ok(Earlier::At(stored.sequence));
        }
        from = stored.sequence + 1;
    }
    Ok(Earlier::TooMany)
}
