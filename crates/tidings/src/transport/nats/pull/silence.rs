//! Whether a consumer has been silent for too long.
//!
//! A request with heartbeats lets the server say that it is still there. It also lets it read its
//! clock once more for each message, which was a tenth of what a message cost it in a flow. So while
//! messages flow they are asked for without, and heartbeats once nothing has come for a while.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// How often the server says that it is still there, where it was asked to.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long its silence is borne: two heartbeats and some.
const TOO_LONG: Duration = Duration::from_secs(11);

/// A consumer, as far as it is heard.
#[derive(Debug)]
pub(super) struct Silence {
    timer: Pin<Box<Sleep>>,
    timed: Timed,
    /// Whether the server was asked for heartbeats, and has not ended that.
    listens: bool,
}

/// What the timer is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timed {
    /// Something has come: it is set before anybody waits for it.
    Stirred,
    /// The end of a silence.
    Silence,
    /// The end of a pause.
    Pause,
}

/// What a silence has led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Nothing has come for a while: the server is to be asked for heartbeats.
    Listen,
    /// Nothing has come for too long, heartbeats neither.
    TooLong,
    /// A pause is over.
    Pause,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self { timer: Box::pin(sleep(TOO_LONG)), timed: Timed::Stirred, listens: false }
    }

    /// Something has come.
    #[inline]
    pub(super) fn stir(&mut self) {
        if self.timed == Timed::Silence {
            self.timed = Timed::Stirred;
        }
    }

    /// Whether heartbeats are to come from now on.
    pub(super) fn listen(&mut self, listens: bool) {
        self.listens = listens;
        self.stir();
    }

    /// Nothing is to come until something is asked for again.
    pub(super) fn restart(&mut self) {
        self.listens = false;
        self.timed = Timed::Stirred;
    }

    /// Nothing is to come before that time is over.
    pub(super) fn pause(&mut self, time: Duration) {
        self.listens = false;
        self.timed = Timed::Pause;
        self.timer.as_mut().reset(Instant::now() + time);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.timed == Timed::Pause
    }

    /// Waits for the end of the silence, or of the pause.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Broken> {
        if self.timed == Timed::Stirred {
            self.timed = Timed::Silence;
            let patience = if self.listens { TOO_LONG } else { HEARTBEAT };
            self.timer.as_mut().reset(Instant::now() + patience);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(match std::mem::replace(&mut self.timed, Timed::Stirred) {
            Timed::Pause => Broken::Pause,
            _ if self.listens => Broken::TooLong,
            _ => Broken::Listen,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// What the silence leads to, and after how many seconds.
    async fn broken(silence: &mut Silence) -> (Broken, u64) {
        let begun = Instant::now();
        (poll_fn(|cx| silence.poll(cx)).await, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeats_are_asked_for_before_a_silence_is_too_long() {
        let mut silence = Silence::new();
        assert_eq!(broken(&mut silence).await, (Broken::Listen, 5));
        silence.listen(true);
        assert_eq!(broken(&mut silence).await, (Broken::TooLong, 11));
        assert_eq!(broken(&mut silence).await, (Broken::TooLong, 11));
        silence.listen(false);
        assert_eq!(broken(&mut silence).await, (Broken::Listen, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_comes_ends_it() {
        let mut silence = Silence::new();
        silence.listen(true);
        for _ in 0..5 {
            let wait = tokio::time::timeout(Duration::from_secs(10), broken(&mut silence));
            assert!(wait.await.is_err());
            silence.stir();
        }
        assert_eq!(broken(&mut silence).await, (Broken::TooLong, 11));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_not_shortened_by_what_comes() {
        let mut silence = Silence::new();
        silence.listen(true);
        silence.pause(Duration::from_secs(7));
        silence.stir();
        silence.listen(false);
        assert!(silence.is_paused());
        assert_eq!(broken(&mut silence).await, (Broken::Pause, 7));
        assert!(!silence.is_paused());
        assert_eq!(broken(&mut silence).await, (Broken::Listen, 5));
        silence.pause(Duration::from_secs(7));
        silence.restart();
        assert!(!silence.is_paused());
    }
}
