//! Whether the message that a stream has is a copy of this call's.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::header;
use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::transport::{Outgoing, Which};

/// Between making an id and sending its message lies less than this.
const MADE: Duration = Duration::from_secs(1);

/// Whether the message that the stream knows by this id was stored by a call that began at `at`.
///
/// It was, if the id was made for the call, or else if the stream stored the message since. The time
/// of that is the server's: clocks that differ by more than the call took so far make it uncertain,
/// and so does another publisher of the same event at the same moment. What the stream has no more is
/// taken for somebody else's.
pub(crate) async fn is_own(
    link: &Link,
    ack: &PublishAck,
    message: &Outgoing,
    at: Instant,
    by: Instant,
) -> bool {
    let transport = &link.transport;
    let begun = transport.now().checked_sub(at.elapsed()).unwrap_or(SystemTime::UNIX_EPOCH);
    if message.headers.get(header::MESSAGE_ID).is_some_and(|id| is_made_for(id, at)) {
        return true;
    }
    let stored = transport.stored(&ack.stream, Which::At(ack.sequence));
    match timeout_at(by, stored).await {
        Ok(Ok(Some(stored))) => stored.stored_at >= begun,
        _ => false,
    }
}

/// Whether the id is one that was made as the message was sent: no other message ever had it.
fn is_made_for(id: &str, at: Instant) -> bool {
    let Ok(id) = Uuid::try_parse(id) else { return false };
    let Some(made) = id.get_timestamp().map(|time| time.to_unix()) else { return false };
    let made = SystemTime::UNIX_EPOCH + Duration::new(made.0, made.1);
    let begun = SystemTime::now().checked_sub(at.elapsed()).unwrap_or(SystemTime::UNIX_EPOCH);
    id.get_version_num() == 7 && begun.duration_since(made).unwrap_or_default() < MADE
}
