//! Core subscription in memory: the messages of its mailbox, one by one.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::task::coop;

use super::broker::Broker;
use super::mailbox::{Mailbox, QueuedMessage};
use crate::transport::{Dropped, Incoming, Outgoing};

/// The messages of one core subscription.
pub(crate) struct MemoryInbox {
    broker: Arc<Broker>,
    subscription: u64,
    mailbox: Arc<Mailbox>,
    /// Messages taken off the queue: all that were there, so that its lock is not taken for each.
    lot: VecDeque<QueuedMessage>,
}

impl MemoryInbox {
    pub(super) fn new(broker: &Arc<Broker>, subscription: u64, mailbox: Arc<Mailbox>) -> Self {
        Self { broker: Arc::clone(broker), subscription, mailbox, lot: VecDeque::new() }
    }

    /// Ends the interest; what was already delivered here is still yielded, then `None`.
    pub(crate) fn stop(&mut self) {
        self.broker.with(|state, _| {
            state.subscriptions.remove(self.subscription);
            self.mailbox.close(&mut state.effects);
        });
    }

    /// Counts the messages that were dropped because nobody took them in time.
    pub(crate) fn dropped(&self) -> &Dropped {
        &self.mailbox.dropped
    }
}

impl MemoryInbox {
    /// The next message, written in the place of `into`.
    pub(crate) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<()>> {
        let Self { mailbox, lot, .. } = self;
        // A full mailbox must not keep the other tasks from running.
        let coop = ready!(coop::poll_proceed(cx));
        if lot.is_empty() {
            let mut queue = mailbox.queue();
            if queue.messages.is_empty() && queue.open {
                // Under the lock of the queue: what is pushed after this look wakes.
                mailbox.waker.register(cx.waker());
                queue.waits = true;
                return Poll::Pending;
            }
            mem::swap(&mut queue.messages, lot);
        }
        coop.made_progress();
        let Some(QueuedMessage { message, reply }) = lot.pop_front() else {
            return Poll::Ready(None);
        };
        mailbox.held.store(lot.len(), Ordering::Relaxed);
        let Outgoing { subject, headers, payload } = message;
        into.become_core(subject, reply, headers.into(), payload);
        Poll::Ready(Some(()))
    }
}

impl Stream for MemoryInbox {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        let mut incoming = Incoming::default();
        self.get_mut().poll_into(cx, &mut incoming).map(|next| next.map(|()| incoming))
    }
}

impl Drop for MemoryInbox {
    fn drop(&mut self) {
        self.broker.with(|state, _| state.subscriptions.remove(self.subscription));
    }
}

impl fmt::Debug for MemoryInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryInbox")
            .field("filter", &self.mailbox.filter)
            .field("queued", &(self.lot.len() + self.mailbox.queue().messages.len()))
            .field("dropped", &self.dropped().count())
            .finish_non_exhaustive()
    }
}
