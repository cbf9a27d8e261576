//! Watch over a consumer that has been silent for too long.
//!
//! A request with heartbeats lets the server say that it is still there. It also lets it read its
//! clock once more for each message, which was a tenth of what a message cost it in a flow. So while
//! messages flow they are asked for without, and heartbeats once nothing has come for a while.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Interval of the server's heartbeats, where they were asked for.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(5);
/// Silence after which a consumer counts as gone: two heartbeats and some.
const TOO_LONG: Duration = Duration::from_secs(11);

/// A consumer, as far as it is heard.
#[derive(Debug)]
pub(super) struct Idle {
    timer: Pin<Box<Sleep>>,
    timed: Timed,
    /// Number of messages that may come before the server has nothing more to send a heartbeat for:
    /// those of the last request that asked for them, as if all came for that one.
    heartbeats: usize,
}

/// Purpose of the timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timed {
    /// Something has come: it is set before anybody waits for it.
    Stirred,
    /// The end of a silence.
    Idle,
    /// The end of a pause.
    Pause,
}

/// Consequence of a silence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A while of silence: the server is to be asked for heartbeats.
    Listen,
    /// A silence that is too long, without heartbeats either.
    TooLong,
    /// A pause is over.
    Pause,
}

impl Idle {
    pub(super) fn new() -> Self {
        Self { timer: Box::pin(sleep(TOO_LONG)), timed: Timed::Stirred, heartbeats: 0 }
    }

    /// Something has come.
    #[inline]
    pub(super) fn record_arrival(&mut self) {
        if self.timed == Timed::Idle {
            self.timed = Timed::Stirred;
        }
    }

    /// Counts a message that was asked for.
    #[inline]
    pub(super) fn deliver(&mut self) {
        self.heartbeats = self.heartbeats.saturating_sub(1);
        self.record_arrival();
    }

    /// Heartbeats come until so many messages have come; with 0 none come.
    pub(super) fn listen(&mut self, messages: usize) {
        self.heartbeats = messages;
        self.record_arrival();
    }

    /// Begins a rest: nothing is to come until something is asked for again.
    pub(super) fn restart(&mut self) {
        self.heartbeats = 0;
        self.timed = Timed::Stirred;
    }

    /// Begins a rest for this time: nothing is to come before it is over.
    pub(super) fn pause(&mut self, time: Duration) {
        self.heartbeats = 0;
        self.timed = Timed::Pause;
        self.timer.as_mut().reset(Instant::now() + time);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.timed == Timed::Pause
    }

    /// Waits for the end of the silence, or of the pause.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Broken> {
        if self.timed == Timed::Stirred {
            self.timed = Timed::Idle;
            let silence = if self.heartbeats > 0 { TOO_LONG } else { HEARTBEAT };
            self.timer.as_mut().reset(Instant::now() + silence);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(match std::mem::replace(&mut self.timed, Timed::Stirred) {
            Timed::Pause => Broken::Pause,
            _ if self.heartbeats > 0 => Broken::TooLong,
            _ => Broken::Listen,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Waits for the consequence of a silence, and gives the seconds that it took.
    async fn broken(idle: &mut Idle) -> (Broken, u64) {
        let begun = Instant::now();
        (poll_fn(|cx| idle.poll(cx)).await, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeats_are_asked_for_before_a_silence_is_too_long() {
        let mut idle = Idle::new();
        assert_eq!(broken(&mut idle).await, (Broken::Listen, 5));
        idle.listen(3);
        assert_eq!(broken(&mut idle).await, (Broken::TooLong, 11));
        assert_eq!(broken(&mut idle).await, (Broken::TooLong, 11));
        idle.listen(0);
        assert_eq!(broken(&mut idle).await, (Broken::Listen, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_comes_ends_it() {
        let mut idle = Idle::new();
        idle.listen(3);
        for _ in 0..5 {
            let wait = tokio::time::timeout(Duration::from_secs(10), broken(&mut idle));
            assert!(wait.await.is_err());
            idle.record_arrival();
        }
        assert_eq!(broken(&mut idle).await, (Broken::TooLong, 11));
    }

    /// A request that is fulfilled has no heartbeats any more.
    #[tokio::test(start_paused = true)]
    async fn heartbeats_end_with_the_messages() {
        let mut idle = Idle::new();
        idle.listen(3);
        idle.deliver();
        idle.deliver();
        assert_eq!(broken(&mut idle).await, (Broken::TooLong, 11));
        idle.deliver();
        assert_eq!(broken(&mut idle).await, (Broken::Listen, 5));
        idle.deliver();
        assert_eq!(broken(&mut idle).await, (Broken::Listen, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_not_shortened_by_what_comes() {
        let mut idle = Idle::new();
        idle.listen(3);
        idle.pause(Duration::from_secs(7));
        idle.record_arrival();
        idle.listen(0);
        assert!(idle.is_paused());
        assert_eq!(broken(&mut idle).await, (Broken::Pause, 7));
        assert!(!idle.is_paused());
        assert_eq!(broken(&mut idle).await, (Broken::Listen, 5));
        idle.pause(Duration::from_secs(7));
        idle.restart();
        assert!(!idle.is_paused());
    }
}
