//! A consumer's silence: with heartbeats, one that lasts means that it is gone.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Silence after which a consumer counts as gone: two heartbeats and some.
const TOO_LONG: Duration = Duration::from_secs(11);

/// Time in which nothing came.
#[derive(Debug)]
pub(super) struct Silence {
    timer: Pin<Box<Sleep>>,
    /// `true` if something has come since the timer was set: it is set again before anybody waits.
    is_over: bool,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self { timer: Box::pin(sleep(TOO_LONG)), is_over: true }
    }

    /// Something has come.
    #[inline]
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Waits until it lasts for too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.is_over) {
            self.timer.as_mut().reset(Instant::now() + TOO_LONG);
        }
        ready!(self.timer.as_mut().poll(cx));
        self.is_over = true;
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whatever_comes_ends_it() {
        let mut silence = Silence::new();
        for _ in 0..3 {
            let wait = poll_fn(|cx| silence.poll(cx));
            assert!(tokio::time::timeout(Duration::from_secs(10), wait).await.is_err());
            silence.end();
        }
        let begun = Instant::now();
        poll_fn(|cx| silence.poll(cx)).await;
        assert_eq!(begun.elapsed(), TOO_LONG);
    }
}
