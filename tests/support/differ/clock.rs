//! Time at which what lives for a while only is over: neither side is asked while the two may
//! differ by a moment.

use std::time::{Duration, Instant};

use tidings::StreamConfig;
use tokio::time::{Instant as TokioInstant, sleep_until};

use super::session::{LIFE, Session, is_short};
use super::step::Step;

/// Longest time between the beginnings of what is to be over at about the same time.
const TOGETHER: Duration = Duration::from_millis(500);
/// Longest time that something may be over later than it should.
const LATE: Duration = Duration::from_millis(700);

/// Times at which something was published, and is over.
#[derive(Debug)]
pub(super) struct Clock {
    /// `true` if the stream lets go of all that it keeps, or knows, after a time.
    ages: bool,
    /// Number of times that what is over leaves something that is over later: what was delayed, a
    /// marker.
    heirs: u32,
    /// Times at which the first was published that may be there, and the first of those that end.
    first: Option<Instant>,
    mortal: Option<Instant>,
    last: Instant,
    /// Number of waits that are left.
    left: u32,
}

impl Clock {
    pub(super) fn new(session: &Session) -> Self {
        let StreamConfig { allow_message_schedules, subject_delete_marker_ttl, .. } =
            session.config;
        let heirs =
            u32::from(allow_message_schedules) + u32::from(subject_delete_marker_ttl.is_some());
        let ages = is_short(&session.config);
        Self { ages, heirs, first: None, mortal: None, last: Instant::now(), left: 0 }
    }

    /// Waits before a step that would be done while something ends. A silent one is slow.
    pub(super) async fn before(&mut self, step: &Step, silence: bool) {
        if let Step::Change(config) = step
            && is_short(config)
        {
            // What is there already may be too old for it.
            self.ages = true;
            self.mortal = self.first;
        }
        let is_slow = silence && matches!(step, Step::Drain { .. });
        let is_apart = self.mortal.is_some_and(|first| first.elapsed() > TOGETHER);
        match step {
            Step::Wait => self.pass().await,
            _ if self.left > 0 || is_apart || (is_slow && self.mortal.is_some()) => {
                self.pass().await;
                while self.left > 0 {
                    self.pass().await;
                }
            }
            _ => {}
        }
    }

    /// Notes what a step did that was begun then.
    pub(super) fn after(&mut self, step: &Step, begun: Instant) {
        if step.publishes() {
            self.first.get_or_insert(begun);
            if self.ages || step.is_timed() {
                self.mortal.get_or_insert(begun);
            }
            self.last = Instant::now();
        }
    }

    /// Waits until what there is is over; what that leaves is there then.
    async fn pass(&mut self) {
        if self.mortal.take().is_some() {
            self.left = 1 + if self.ages { self.heirs } else { 0 };
        }
        if self.left > 0 {
            self.left -= 1;
            sleep_until(TokioInstant::from_std(self.last + LIFE + LATE)).await;
            self.last = Instant::now();
        }
        if self.ages && self.left == 0 {
            self.first = None;
        }
    }
}
