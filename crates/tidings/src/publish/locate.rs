//! Locating messages that a stream is known to have.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use crate::header;
use crate::link::Link;
use crate::transport::DeliverFrom;

/// Number of messages that are read ahead.
const ROOM: usize = 1024;

/// The sequences of the messages stored from `first` to `last`, by id. `None` if the stream does
/// not tell in time, or keeps them no more.
pub(super) async fn locate(
    link: &Link,
    stream: &str,
    first: u64,
    last: u64,
    within: Duration,
) -> Option<HashMap<String, u64>> {
    let by = Instant::now() + within;
    let from = DeliverFrom::Sequence(first);
    let replay = link.transport.replay(stream, Vec::new(), from, ROOM);
    let mut replay = timeout_at(by, replay).await.ok()?.ok()?;
    let mut found = HashMap::new();
    loop {
        let message = timeout_at(by, replay.next()).await.ok()??.ok()?;
        let receipt = message.receipt?;
        if receipt.sequence <= last
            && let Some(id) = message.headers.get(header::MESSAGE_ID)
        {
            found.insert(id.to_owned(), receipt.sequence);
        }
        if receipt.sequence >= last || receipt.pending == 0 {
            return Some(found);
        }
    }
}
