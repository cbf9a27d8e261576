//! Conclusions of what a look at the bucket found: nothing, or that something was missed.

use std::task::{Context, Poll, ready};

use futures_util::FutureExt as _;

use super::look::{Look, Looking, bounds, sent};
use super::{Flow, Phase, State};

impl Flow {
    /// Looks from time to time whether all is as it was told.
    pub(super) fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.looking.is_none() {
            ready!(self.timer.as_mut().poll(cx));
            self.looking = Some(self.look());
        }
        let Some(looking) = &mut self.looking else { return Poll::Pending };
        let look = ready!(looking.poll_unpin(cx));
        self.set_timer();
        self.judge(look);
        Poll::Ready(())
    }

    fn look(&self) -> Looking {
        match &self.state {
            State::Reading(opened) if self.is_initial() => sent(&opened.ordered),
            _ => bounds(&self.store),
        }
    }

    pub(super) fn judge(&mut self, look: Look) {
        let State::Reading(opened) = &self.state else { return };
        match look {
            Look::Unknown => {}
            Look::Sent(sent) => match self.phase {
                Phase::Current => {}
                _ if opened.ordered.has_come(&sent) => self.become_current(),
                // It is on its way, or here.
                Phase::Initial => self.phase = Phase::Stalled,
                // The server may say that one is to come, and deliver none (2.15).
                Phase::Stalled => self.resynchronise(),
            },
            Look::Bounds(None) => self.resynchronise(),
            Look::Bounds(Some(bounds)) => {
                let is_another = opened.identity.as_ref().is_some_and(|id| *id != bounds.identity);
                // While a message is on its way, the look before is what can be judged.
                let judged =
                    if self.last >= bounds.last { Some(&bounds) } else { self.before.as_ref() };
                let misses = judged.is_some_and(|judged| self.known.misses(judged, self.is_whole));
                if is_another || misses {
                    self.resynchronise();
                } else {
                    self.before = Some(bounds);
                }
            }
        }
    }
}
