//! Where a route's messages come from, and why no more of them are taken.

use std::future::poll_fn;

use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;
use tokio::time::Instant;

use super::gate::{Gate, Trouble};
use crate::transport::{Fault, Inbox, Incoming, Pull};

/// Where messages come from.
#[expect(clippy::large_enum_variant, reason = "one for each route, and it never moves")]
pub(super) enum Feed {
    Core(SelectAll<Inbox>),
    Durable(Pull),
}

impl Feed {
    pub(super) async fn next(
        &mut self,
        room: usize,
        gate: &Gate,
    ) -> Option<Result<Incoming, Fault>> {
        match self {
            Self::Core(inboxes) => inboxes.next().await,
            Self::Durable(pull) => {
                pull.set_room(room);
                poll_fn(|cx| {
                    let next = pull.poll_next_unpin(cx);
                    // An idle consumer that is there again has no message to show for it.
                    if pull.has_heard() {
                        gate.well(Trouble::Feed);
                    }
                    next
                })
                .await
            }
        }
    }

    /// Whether messages may be on their way that were asked for when there was more room: the
    /// server is to be told that they are here.
    pub(super) fn expects(&self) -> bool {
        matches!(self, Self::Durable(pull) if pull.expects())
    }
}

/// Why no more messages are taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The registry ends.
    Stopped,
    /// The route was paused.
    Paused,
    /// Its handler keeps failing: it pauses until then.
    Open(Instant),
    /// The feed has ended.
    Dry,
}
