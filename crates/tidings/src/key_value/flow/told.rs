//! A look whether all is told by now, for a test's bus that waits for it.

use super::look::Look;
use super::{Flow, State};
use crate::transport::Which;

impl Flow {
    /// Returns `true` if all is told that the bucket has by now. What was missed is noticed here, and not at the
    /// next look.
    pub(crate) async fn is_told(&mut self) -> bool {
        let (link, stream) = (self.store.link.clone(), self.store.stream().to_owned());
        let transport = &link.transport;
        let Ok(bounds) = transport.stream_bounds(&stream).await else { return false };
        if bounds.is_none() || !self.is_current() {
            // A bucket that is gone has nothing to tell until it is back.
            return bounds.is_none() && self.is_gone && self.steps.is_empty();
        }
        self.judge(Look::Bounds(bounds));
        if !self.is_current() {
            return false;
        }
        let which = Which::Last { filter: self.filter.as_str() };
        let Ok(last) = transport.stored(&stream, which).await else { return false };
        let (State::Reading(opened), Some(last)) = (&self.state, last) else { return true };
        opened.ordered.has_come_to(last.sequence, self.last)
    }

    /// Returns `true` if changes are read, and nothing waits to be told.
    fn is_current(&self) -> bool {
        matches!(self.state, State::Reading(_)) && !self.is_initial() && self.steps.is_empty()
    }
}
