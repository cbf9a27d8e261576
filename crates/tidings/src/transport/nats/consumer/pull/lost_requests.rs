//! Doubting a silence: messages are expected, more are pending, and none come.
//!
//! A request may be lost though the connection is not, such as by a leaf node whose link breaks for
//! a moment. Its messages would be counted as on their way. In a flow that shows as fewer messages
//! at a time and never as a silence. So now and then no more is asked for until all that is expected
//! has come; where the rest of it does not, the server is asked how the consumer stands.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::transport::nats::consumer::settle::Deliverer;
use crate::transport::{ConsumerConfig, ConsumerState, Fault};

/// Silence after which it is doubted that what is expected is on its way.
const SILENCE: Duration = Duration::from_millis(250);
/// Time that what is expected is believed, in a flow, and between two looks.
const BELIEF: Duration = Duration::from_secs(5);

/// A look at the consumer.
type Look = Pin<Box<dyn Future<Output = Result<ConsumerState, Fault>> + Send>>;

/// Doubt whether what is expected will come.
pub(super) struct LostRequests {
    /// Instant at which it was last known to be right.
    sure: Instant,
    /// `true` if no more is asked for until all has come.
    drains: bool,
    /// Number of messages that were pending on the server with the last that came.
    pending: u64,
    /// `true` if one has come since the timer was set.
    stirred: bool,
    timer: Pin<Box<Sleep>>,
    look: Option<Look>,
}

impl LostRequests {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            sure: now,
            drains: false,
            pending: 0,
            stirred: true,
            timer: Box::pin(sleep_until(now)),
            look: None,
        }
    }

    /// A message has come, with so many behind it.
    #[inline]
    pub(super) fn deliver(&mut self, pending: u64) {
        (self.pending, self.stirred) = (pending, true);
    }

    /// Notes that what is expected is known to be right: nothing is, or it was forgotten.
    pub(super) fn settle(&mut self, now: Instant) {
        (self.sure, self.drains, self.look, self.stirred) = (now, false, None, true);
    }

    /// Returns `true` if no more is asked for until all that is expected has come.
    pub(super) fn drains(&self) -> bool {
        self.drains
    }

    /// More is to be asked for in a flow: whether all that is expected is to come first.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        self.drains = self.pending > 0 && now.saturating_duration_since(self.sure) >= BELIEF;
        self.drains
    }

    /// Waits while messages are expected; `Ready` if they won't come.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        deliverer: &Arc<Deliverer>,
        stream: &Arc<str>,
    ) -> Poll<()> {
        loop {
            if let Some(look) = &mut self.look {
                let Poll::Ready(state) = look.poll_unpin(cx) else { return Poll::Pending };
                self.look = None;
                let now = Instant::now();
                match state {
                    Ok(state) if !self.stirred && is_stuck(&state, &deliverer.config) => {
                        self.settle(now);
                        return Poll::Ready(());
                    }
                    // It is right that none comes, or unknown: looked at again later.
                    _ if !self.stirred => {
                        (self.sure, self.drains) = (now, false);
                        self.timer.as_mut().reset(now + BELIEF);
                    }
                    _ => {}
                }
                continue;
            }
            if self.pending == 0 {
                self.drains = false;
                return Poll::Pending;
            }
            if std::mem::take(&mut self.stirred) {
                self.timer.as_mut().reset(Instant::now() + SILENCE);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let (deliverer, stream) = (Arc::clone(deliverer), Arc::clone(stream));
            self.look = Some(Box::pin(async move {
                let Deliverer { nats, config, .. } = &*deliverer;
                nats.consumer_state(&stream, &config.name).await
            }));
        }
    }
}

/// Returns `true` if a server would send what is asked for, if it knew of it.
fn is_stuck(state: &ConsumerState, config: &ConsumerConfig) -> bool {
    let is_full = config.max_ack_pending.is_some_and(|most| state.ack_pending >= most);
    state.pending > 0 && !is_full && state.paused_until.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(pending: u64, ack_pending: u64) -> ConsumerState {
        ConsumerState {
            pending,
            ack_pending,
            redelivered: 0,
            delivered: 0,
            waiting: 1,
            paused_until: None,
        }
    }

    #[test]
    fn a_consumer_that_may_deliver_nothing_is_not_stuck() {
        let mut config = ConsumerConfig::new("c");
        config.max_ack_pending = Some(10);
        assert!(is_stuck(&state(1, 9), &config));
        assert!(!is_stuck(&state(0, 9), &config));
        assert!(!is_stuck(&state(1, 10), &config));
        assert!(!is_stuck(
            &ConsumerState { paused_until: Some(std::time::SystemTime::now()), ..state(1, 9) },
            &config
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flow_is_believed_for_a_while_and_only_while_more_is_pending() {
        let mut lost = LostRequests::new();
        lost.deliver(7);
        assert!(!lost.begin(Instant::now()));
        tokio::time::advance(BELIEF).await;
        assert!(lost.begin(Instant::now()) && lost.drains());
        lost.settle(Instant::now());
        assert!(!lost.drains() && !lost.begin(Instant::now()));
        tokio::time::advance(BELIEF).await;
        lost.deliver(0);
        assert!(!lost.begin(Instant::now()));
    }
}
