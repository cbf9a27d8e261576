//! Requests that were given up: a server that has not noticed the connection's loss still has them.

use tokio::time::Instant;

use crate::transport::nats::jetstream::consumer_config::EXPIRES;

/// Number of messages that may come for requests that were given up. They come before those that
/// were asked for since, and so do the words that a request has ended.
#[derive(Debug, Default)]
pub(super) struct StaleRequests {
    pub(super) messages: usize,
    /// Instant at which the last of those requests has ended.
    until: Option<Instant>,
}

impl StaleRequests {
    /// Counts so many messages whose requests are given up.
    pub(super) fn add(&mut self, messages: usize) {
        if messages > 0 {
            self.messages += messages;
            self.until = Some(Instant::now() + EXPIRES);
        }
    }

    /// A request has ended, and so many of its messages don't come: gives how many of those were
    /// not given up before.
    pub(super) fn ended(&mut self, left: usize) -> usize {
        if self.messages > 0 {
            self.pass(Instant::now());
        }
        let old = left.min(self.messages);
        self.messages -= old;
        left - old
    }

    /// Time has passed.
    pub(super) fn pass(&mut self, now: Instant) {
        if self.until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_given_up_ends_first() {
        let mut old = StaleRequests::default();
        assert_eq!(old.ended(3), 3);
        old.add(5);
        assert_eq!((old.ended(3), old.messages), (0, 2));
        assert_eq!((old.ended(3), old.messages), (1, 0));
        old.add(5);
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!((old.ended(3), old.messages), (0, 2));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((old.ended(3), old.messages), (3, 0));
    }
}
