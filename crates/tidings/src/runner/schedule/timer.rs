//! Timer of a scheduler: the next time at which something may be begun that nothing else wakes it
//! for.

use std::task::Context;

use tokio::time::{Instant, sleep_until};

use super::Scheduler;
use crate::runner::in_flight::InFlightState;
use crate::runner::in_flight::cumulative_ack::AckWindow;

impl Scheduler {
    /// Returns `true` if something is due that nobody else says.
    pub(super) fn poll_timer(&mut self, cx: &mut Context<'_>, takes: bool) -> bool {
        let wake = {
            let mut held = self.in_flight.state();
            held.register_crowded_waker(cx.waker());
            if takes && self.in_flight.is_crowded() != self.crowded {
                return true;
            }
            self.wake(&held, takes)
        };
        let Some(wake) = wake else { return false };
        let (due, sleep) = self.timer.get_or_insert_with(|| (wake, Box::pin(sleep_until(wake))));
        if *due != wake {
            *due = wake;
            sleep.as_mut().reset(wake);
        }
        let rings = sleep.as_mut().poll(cx).is_ready();
        if rings {
            self.timer = None;
        }
        rings
    }

    /// Instant at which there is something to do that nobody else says. What may not begin then is
    /// none of it: it would wake its task without end.
    fn wake(&self, held: &InFlightState, takes: bool) -> Option<Instant> {
        let backlog = &held.backlog;
        let missing = held.window.as_ref().filter(|_| takes).and_then(AckWindow::until);
        // Otherwise it is a handler's end that says so, or the end of the circuit's pause.
        let may_begin = self.running < self.handlers_at_once() && self.open.is_none();
        let begins = may_begin.then(|| {
            let rate_limit =
                self.rate_limit.as_ref().and_then(|rate_limit| rate_limit.wait(Instant::now()));
            let in_time = |due: Instant| rate_limit.map_or(due, |rate_limit| rate_limit.max(due));
            let waits = backlog.waiting() > 0;
            let batch = self.batch.filter(|_| waits).and_then(|rule| backlog.batch_due(rule));
            let due = [backlog.due(), batch].into_iter().flatten().min().map(in_time);
            [due, rate_limit.filter(|_| waits)].into_iter().flatten().min()
        });
        [begins.flatten(), missing, self.open].into_iter().flatten().min()
    }
}
