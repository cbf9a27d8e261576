//! Ending a replay at a message that no client can read, since it breaks one connection after the
//! other.

use std::task::{Context, Poll};

use futures_util::FutureExt as _;

use super::NatsOrdered;
use crate::transport::{Fault, Receipt, StoredMessage, Unreadable};

/// Number of losses of the connection without a message between, from which on one that breaks it
/// is looked for where it is not known which messages come next.
const LOSSES: u32 = 2;

impl NatsOrdered {
    /// Ends with the message that breaks one connection after the other, if there is one: what is
    /// behind it would never come, since the next consumer begins with it again.
    pub(super) fn poll_unreadable(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(), Fault>>> {
        while self.reconnected.poll_unpin(cx).is_ready() {
            if self.nats.is_over() {
                self.ended = true;
                return Poll::Ready(None);
            }
            self.reconnected = self.nats.reconnected();
            self.losses += 1;
            self.interruptions += 1;
            if self.is_whole || self.losses >= LOSSES {
                let (nats, stream) = (self.nats.clone(), self.stream.clone());
                let (filters, last) = (self.filters.clone(), self.last);
                self.searching =
                    Some(Box::pin(
                        async move { nats.first_unreadable(&stream, &filters, last).await },
                    ));
            }
        }
        if let Some(searching) = &mut self.searching
            && let Poll::Ready(found) = searching.poll_unpin(cx)
        {
            self.searching = None;
            // Where it can't be looked for, the next loss asks again.
            self.found = found.unwrap_or_default();
        }
        // The messages before the unreadable one come, with this connection or the next.
        let is_next =
            |(_, before): &mut (StoredMessage, u64)| !self.is_whole || self.last >= *before;
        let Some((message, _)) = self.found.take_if(is_next) else { return Poll::Pending };
        let receipt = Receipt {
            stream: self.stream.as_str().into(),
            consumer: "".into(),
            sequence: message.sequence,
            attempt: 1,
            pending: 0,
            stored_at: message.stored_at,
        };
        self.ended = true;
        let unreadable = Unreadable { message, receipt, settle: None };
        Poll::Ready(Some(Err(Fault::Unreadable(Box::new(unreadable)))))
    }
}
