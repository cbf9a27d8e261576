//! Flows that write their next message in the place of another.

use std::task::{Context, Poll};

use crate::transport::{Fault, Incoming};

/// Messages that are written where their reader wants them.
pub(crate) trait PollInto {
    /// The next message, written in the place of `into`.
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>>;

    /// The next message, in a place of its own.
    fn poll_one(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming, Fault>>> {
        let mut incoming = Incoming::default();
        let next = self.poll_into(cx, &mut incoming);
        next.map(|next| next.map(|next| next.map(|()| incoming)))
    }
}
