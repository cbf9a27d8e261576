//! A consumer's silence: with heartbeats, one that lasts means that it is gone.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Half of the silence after which a consumer counts as gone: a heartbeat and some.
const HALF: Duration = Duration::from_millis(5500);

/// Time in which nothing came. It is looked at every half of it, since to set a timer with each message costs more.
#[derive(Debug)]
pub(super) struct Silence {
    timer: Pin<Box<Sleep>>,
    /// Number of halves that have gone by since something came, beside the one that something may have come in.
    halves: u8,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self { timer: Box::pin(sleep(HALF)), halves: 0 }
    }

    /// Something has come.
    #[inline]
    pub(super) fn end(&mut self) {
        self.halves = 0;
    }

    /// Waits until it lasts for too long: two halves at least, and three at most.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            self.timer.as_mut().reset(Instant::now() + HALF);
            self.halves += 1;
            if self.halves > 2 {
                self.halves = 0;
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whatever_comes_ends_it() {
        let mut silence = Silence::new();
        for _ in 0..5 {
            let wait = poll_fn(|cx| silence.poll(cx));
            assert!(tokio::time::timeout(HALF * 2, wait).await.is_err());
            silence.end();
        }
        let begun = Instant::now();
        poll_fn(|cx| silence.poll(cx)).await;
        assert!((HALF * 2..=HALF * 3).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }
}
