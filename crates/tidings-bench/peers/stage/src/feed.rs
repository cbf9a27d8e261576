//! Asking for messages to read. A process of its own publishes them, the same one for all peers.

use anyhow::Result;

use crate::Handled;

/// Largest number of messages on their way: below the 65,536 that async-nats has room for, so that
/// none is dropped.
pub const FEED: u64 = 40_000;

/// Asks for messages until all are handled.
///
/// # Errors
/// If the server can't be reached.
pub async fn feed(url: String, handled: std::sync::Arc<Handled>) -> Result<()> {
    let client = async_nats::connect(url).await?;
    let mut asked = 0;
    while asked < handled.total() {
        let next = FEED.min(handled.total() - asked);
        client.publish("stage.feed", next.to_string().into()).await?;
        asked += next;
        handled.reach(asked).await;
    }
    Ok(())
}
