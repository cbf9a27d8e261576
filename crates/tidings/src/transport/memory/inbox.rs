//! A core subscription: a queue of its own, filled by whoever publishes.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::task::coop;

use super::broker::Broker;
use super::effects::{Bell, Effects};
use crate::transport::{Dropped, Incoming};

/// Where the broker puts a subscription's messages.
#[derive(Debug)]
pub(super) struct Mailbox {
    filter: String,
    capacity: usize,
    queue: Mutex<Queue>,
    dropped: Dropped,
    bell: Bell,
}

#[derive(Debug)]
struct Queue {
    messages: VecDeque<Incoming>,
    open: bool,
}

impl Mailbox {
    pub(super) fn new(filter: String, capacity: usize) -> Self {
        Self {
            filter,
            capacity: capacity.max(1),
            queue: Mutex::new(Queue { messages: VecDeque::new(), open: true }),
            dropped: Dropped::default(),
            bell: Bell::default(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a message in, or drops it where there is no room.
    pub(super) fn push(&self, message: Incoming, effects: &mut Effects) {
        let mut queue = self.queue();
        if queue.messages.len() < self.capacity {
            queue.messages.push_back(message);
            drop(queue);
            effects.bells.push(Arc::clone(&self.bell));
        } else {
            drop(queue);
            self.dropped.one_more(&self.filter);
        }
    }

    /// Lets nothing more in: what is there is yielded, then the end.
    pub(super) fn close(&self, effects: &mut Effects) {
        self.queue().open = false;
        effects.bells.push(Arc::clone(&self.bell));
    }
}

/// The messages of one core subscription.
pub(crate) struct MemoryInbox {
    pub(super) broker: Arc<Broker>,
    pub(super) subscription: u64,
    pub(super) mailbox: Arc<Mailbox>,
}

impl MemoryInbox {
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

impl Stream for MemoryInbox {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        // A full mailbox must not keep the other tasks from running.
        let coop = ready!(coop::poll_proceed(cx));
        let mut queue = self.mailbox.queue();
        match queue.messages.pop_front() {
            None if queue.open => {
                // Under the lock of the queue: what is pushed after this look rings.
                self.mailbox.bell.register(cx.waker());
                Poll::Pending
            }
            message => {
                coop.made_progress();
                Poll::Ready(message)
            }
        }
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
            .field("queued", &self.mailbox.queue().messages.len())
            .field("dropped", &self.dropped().count())
            .finish_non_exhaustive()
    }
}
