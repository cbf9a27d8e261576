//! Recognizing the message that a stream has as a copy of this call's.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::header;
use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::transport::{Fault, Outgoing, Which};

/// Between making an id and sending its message lies less than this.
const MADE: Duration = Duration::from_secs(1);

/// Returns `true` if the message that the stream knows by this id was stored by a call that began
/// at `at`.
///
/// It was, if the stream stored it since, by the stream's own clock: it is asked for its time, so that
/// clocks may differ. Another publisher of the same event makes that uncertain for as long as one
/// question takes. Of what the stream has no more, an id that was made for the call tells; else it is
/// taken for somebody else's.
pub(crate) async fn is_own(
    link: &Link,
    ack: &PublishAck,
    message: &Outgoing,
    at: Instant,
    by: Instant,
) -> bool {
    let transport = &link.transport;
    let looked = timeout_at(by, async {
        let Some(stored) = transport.stored(&ack.stream, Which::At(ack.sequence)).await? else {
            return Ok(None);
        };
        let asked = Instant::now();
        let time = transport.stream_time(&ack.stream).await?;
        let begun = transport.now().checked_sub(at.elapsed());
        let begun_there = time.and_then(|time| begin(time, asked - at, at.elapsed(), begun));
        Ok::<_, Fault>(begun_there.map(|begun| stored.stored_at >= begun))
    });
    match looked.await {
        Ok(Ok(Some(is_own))) => is_own,
        _ => message.headers.get(header::MESSAGE_ID).is_some_and(|id| is_made_for(id, at)),
    }
}

/// The begin of a call by the clock of a stream, which said its `time` when the call had taken so long
/// as it was asked, and so long as it answered. The caller's own clock decides within that, where it
/// may be right.
fn begin(
    time: SystemTime,
    asked: Duration,
    answered: Duration,
    here: Option<SystemTime>,
) -> Option<SystemTime> {
    let earliest = time.checked_sub(answered)?;
    let latest = time.checked_sub(asked)?;
    Some(here.filter(|here| (earliest..=latest).contains(here)).unwrap_or(earliest))
}

/// Returns `true` if the id is one that was made as the message was sent: no other message ever had
/// it.
fn is_made_for(id: &str, at: Instant) -> bool {
    let Ok(id) = Uuid::try_parse(id) else { return false };
    let Some(made) = id.get_timestamp().map(|time| time.to_unix()) else { return false };
    let made = SystemTime::UNIX_EPOCH + Duration::new(made.0, made.1);
    let begun = SystemTime::now().checked_sub(at.elapsed()).unwrap_or(SystemTime::UNIX_EPOCH);
    id.get_version_num() == 7 && begun.duration_since(made).unwrap_or_default() < MADE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_decides_nothing() {
        let ms = Duration::from_millis;
        let time = SystemTime::UNIX_EPOCH + ms(1_000_000);
        // It answered 20 ms after it was asked, and so began within 20 ms.
        let begun = |here| begin(time, ms(100), ms(120), here).unwrap();
        // The answer may have come at once after the stream was asked, or long before it was here.
        for right in [100, 105, 115, 120] {
            assert_eq!(begun(Some(time - ms(right))), time - ms(right));
        }
        for wrong in [time - ms(99), time - ms(121), time + ms(3_600_000), time - ms(900_000)] {
            assert_eq!(begun(Some(wrong)), time - ms(120));
        }
        assert_eq!(begun(None), time - ms(120));
    }
}
