//! Pull requests: how many messages are asked for, and when what was asked for counts no more.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::NatsPull;
use super::idle::HEARTBEAT;
use crate::header::Headers;
use crate::transport::Outgoing;
use crate::transport::nats::jetstream::consumer_config::EXPIRES;

/// Minimum number of messages of a request in a flow: then each of them is the server's least work.
const MANY: usize = 64;

impl NatsPull {
    /// Asks for as many as may still be on the way; in a flow for one less, so that heartbeats can
    /// be asked for once it has ended.
    pub(super) fn ask(&mut self) {
        let now = Instant::now();
        self.pass(now);
        let expected = self.outstanding.messages();
        let free = self.room.saturating_sub(expected);
        let before = self.asked.replace(now);
        if expected == 0 {
            self.lost.settle(now);
        } else if self.lost.begin(now) {
            return;
        }
        let flows = free >= MANY && before.is_some_and(|before| now - before < HEARTBEAT);
        if flows { self.request(free - 1, false) } else { self.request(free, true) }
    }

    /// Asks for so many messages; `listens` for heartbeats too.
    pub(super) fn request(&mut self, batch: usize, listens: bool) {
        let (expires, heartbeat) = (EXPIRES.as_nanos(), HEARTBEAT.as_nanos());
        let body = if listens {
            format!(r#"{{"batch":{batch},"expires":{expires},"idle_heartbeat":{heartbeat}}}"#)
        } else {
            format!(r#"{{"batch":{batch},"expires":{expires}}}"#)
        };
        let request = Outgoing {
            subject: self.next.clone(),
            headers: Headers::new(),
            payload: Bytes::from(body),
        };
        let (nats, inbox) = (self.deliverer.nats.clone(), self.inbox.clone());
        self.asking = Some(Box::pin(async move { nats.publish(&request, Some(inbox)).await }));
        self.outstanding.ask(batch, Instant::now());
        self.idle.listen(if listens { batch } else { 0 });
    }

    /// Has the next poll ask anew, since messages that were asked for may not come.
    pub(super) fn forget(&mut self) {
        self.stale.add(self.outstanding.forget());
        self.lost.settle(Instant::now());
        self.asked = None;
        self.idle.restart();
    }

    /// Time has passed: requests that are older than their expiry count for nothing.
    pub(super) fn pass(&mut self, now: Instant) {
        self.stale.pass(now);
        self.outstanding.pass(now);
    }

    /// Forgets what was asked for, and pauses before it asks anew: it must not ask in vain without end.
    pub(super) fn forget_for(&mut self, pause: Duration) {
        self.forget();
        self.idle.pause(pause);
    }

    /// Returns `true` if half of what was asked for has come: the rest is asked for before the
    /// first half is used up.
    #[inline]
    pub(super) fn is_short(&self) -> bool {
        let enough = if self.lost.drains() { 0 } else { self.room / 2 };
        self.room > 0 && self.outstanding.messages() <= enough
    }
}
