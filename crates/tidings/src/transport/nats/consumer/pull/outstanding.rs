//! Count of the messages that may still come for the requests that are open.
//!
//! A message does not say for which request it comes, so the oldest is taken to be used up first. A
//! request that a server never got is noticed by its expiry, or by a doubt (`lost_requests`).

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::transport::nats::jetstream::consumer_config::EXPIRES;

/// Time after its expiry in which the server's word that a request has ended may be on its way.
const GRACE: Duration = Duration::from_secs(2);

/// The requests that are open.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    /// Number of messages that were ever asked for, and of those that have come or won't.
    asked: u64,
    gone: u64,
    /// Requests that are open: the number of the last message of each, and the instant until which
    /// it counts.
    requests: VecDeque<(u64, Instant)>,
}

impl Outstanding {
    /// Number of messages that may still come.
    #[inline]
    pub(super) fn messages(&self) -> usize {
        usize::try_from(self.asked - self.gone).unwrap_or(usize::MAX)
    }

    /// Counts so many messages that are asked for.
    pub(super) fn ask(&mut self, messages: usize, now: Instant) {
        self.asked += messages as u64;
        self.requests.push_back((self.asked, now + EXPIRES + GRACE));
    }

    /// Counts a message that has come.
    #[inline]
    pub(super) fn received(&mut self) {
        self.gone += u64::from(self.gone < self.asked);
    }

    /// Counts so many messages that won't come.
    pub(super) fn end(&mut self, messages: usize) {
        self.gone = self.asked.min(self.gone.saturating_add(messages as u64));
    }

    /// Forgets all requests, since none will come; gives how many were expected.
    pub(super) fn forget(&mut self) -> usize {
        let expected = self.messages();
        self.gone = self.asked;
        self.requests.clear();
        expected
    }

    /// Time has passed: what is older than its expiry counts for nothing.
    pub(super) fn pass(&mut self, now: Instant) {
        while let Some((last, until)) = self.requests.front()
            && (*until <= now || *last <= self.gone)
        {
            self.gone = self.gone.max(*last);
            self.requests.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_its_expiry_counts_for_nothing() {
        let mut outstanding = Outstanding::default();
        outstanding.ask(10, Instant::now());
        tokio::time::advance(Duration::from_secs(20)).await;
        outstanding.ask(5, Instant::now());
        outstanding.received();
        assert_eq!(outstanding.messages(), 14);
        tokio::time::advance(Duration::from_secs(12)).await;
        outstanding.pass(Instant::now());
        assert_eq!(outstanding.messages(), 5, "nobody has said that the first has ended");
        outstanding.end(9);
        assert_eq!(outstanding.messages(), 0);
        outstanding.received();
        assert_eq!(outstanding.messages(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_were_used_up_are_not_kept() {
        let mut outstanding = Outstanding::default();
        for _ in 0..1000 {
            outstanding.ask(2, Instant::now());
            outstanding.received();
            outstanding.received();
            outstanding.pass(Instant::now());
        }
        assert_eq!((outstanding.messages(), outstanding.requests.len()), (0, 0));
    }
}
