//! Mailbox of a core subscription: a queue of its own, filled by whoever publishes.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tidings_subject::matches;

use super::effects::{Effects, TaskWaker};
use crate::header;
use crate::lock::locked;
use crate::subject::Subject;
use crate::transport::{Dropped, Outgoing};

/// Mailbox into which the broker puts a subscription's messages.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) filter: String,
    /// Filters of what is meant; all of it, where this is empty.
    only: Vec<Subject>,
    capacity: usize,
    queue: Mutex<Queue>,
    /// Number of messages that its owner has taken off the queue, to yield them.
    pub(super) held: AtomicUsize,
    pub(super) dropped: Dropped,
    pub(super) waker: TaskWaker,
}

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) messages: VecDeque<QueuedMessage>,
    pub(super) open: bool,
    /// `true` if its owner waits for the waker.
    pub(super) waits: bool,
}

/// A message as it was published.
#[derive(Debug)]
pub(super) struct QueuedMessage {
    pub(super) message: Outgoing,
    pub(super) reply: Option<Subject>,
}

impl Mailbox {
    pub(super) fn new(filter: String, capacity: usize) -> Self {
        Self {
            filter,
            only: Vec::new(),
            capacity: capacity.max(1),
            queue: Mutex::new(Queue { messages: VecDeque::new(), open: true, waits: false }),
            held: AtomicUsize::new(0),
            dropped: Dropped::default(),
            waker: TaskWaker::default(),
        }
    }

    /// Counts with these.
    pub(super) fn counted(mut self, dropped: Dropped) -> Self {
        self.dropped = dropped;
        self
    }

    /// Makes the mailbox refuse what none of these filters matches.
    pub(super) fn only(mut self, only: Vec<Subject>) -> Self {
        self.only = only;
        self
    }

    /// Returns `true` if a message is for whoever listens here: a question is for the stream of its
    /// subject, and so is what waits there, or ends what does.
    fn is_meant(&self, message: &Outgoing) -> bool {
        let mut only = self.only.iter();
        let subject = message.subject.as_str();
        (self.only.is_empty() || only.any(|filter| matches(filter.as_str(), subject)))
            && !(message.payload.is_empty() && is_for_stream(message))
            && (message.headers.is_empty() || message.headers.get(header::SCHEDULE).is_none())
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        locked(&self.queue)
    }

    /// Puts a message in, or drops it where there is no room.
    pub(super) fn push(&self, message: Outgoing, reply: Option<&Subject>, effects: &mut Effects) {
        if !self.is_meant(&message) {
            return;
        }
        let mut queue = self.queue();
        if queue.messages.len() + self.held.load(Ordering::Relaxed) < self.capacity {
            queue.messages.push_back(QueuedMessage { message, reply: reply.cloned() });
            if mem::take(&mut queue.waits) {
                effects.wakers.push(Arc::clone(&self.waker));
            }
        } else {
            drop(queue);
            self.dropped.one_more(&self.filter);
        }
    }

    /// Lets nothing more in: what is there is yielded, then the end.
    pub(super) fn close(&self, effects: &mut Effects) {
        self.queue().open = false;
        effects.wakers.push(Arc::clone(&self.waker));
    }
}

/// Returns `true` if a message without payload is for the stream of its subject alone.
#[cold]
fn is_for_stream(message: &Outgoing) -> bool {
    let has = |name| message.headers.get(name).is_some();
    has(header::QUESTION) || has(header::MARKER_REASON)
}
