//! The end of a pull: nothing that has come is lost.

use std::time::Duration;

use async_nats::Message;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::NatsPull;
use crate::transport::Incoming;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::subscription::subscription_buffer::keeper::AT_ONCE;

/// Maximum wait, at the end, for what is on the way.
const ON_THE_WAY: Duration = Duration::from_millis(50);
/// Time that the server has to answer that it has seen the end.
const SEEN: Duration = Duration::from_secs(1);

impl NatsPull {
    /// Ends the pull, and gives back what was asked for and not yielded.
    ///
    /// What is on the way is waited for a moment; only what comes later than that, to a request
    /// that the server has not forgotten yet, comes again after the ack wait.
    pub(crate) async fn end(mut self) -> Vec<Incoming> {
        let mut left = Vec::new();
        if let Some(asking) = self.asking.take() {
            // Dropped half-way it would be unknown what was asked for.
            let _ = timeout(ON_THE_WAY, asking).await;
        }
        // The server forgets the inbox first; what it has sent by then is here once it has answered.
        let ended = timeout(ON_THE_WAY, self.messages.unsubscribe_after(AT_ONCE)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::debug!("there is no room to say that a pull has ended; it is said later");
        }
        let nats = self.deliverer.nats.clone();
        let seen = timeout(SEEN, nats.seen(Role::Main));
        tokio::pin!(seen);
        loop {
            tokio::select! {
                Some(message) = self.messages.next() => left.extend(self.read_last(message)),
                _ = &mut seen => break,
            }
        }
        while let Some(Some(message)) = unconstrained(self.messages.next()).now_or_never() {
            left.extend(self.read_last(message));
        }
        left
    }

    fn read_last(&mut self, message: Message) -> Option<Incoming> {
        let mut incoming = Incoming::default();
        let read = self.read(message, &mut incoming)?;
        read.is_ok().then_some(incoming)
    }
}
