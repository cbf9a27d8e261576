//! A core subscription: a queue of its own, filled by whoever publishes.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tidings_subject::matches;
use tokio::task::coop;

use super::broker::Broker;
use super::effects::{Bell, Effects};
use crate::header;
use crate::lock::locked;
use crate::subject::Subject;
use crate::transport::{Dropped, Incoming, Outgoing};

/// Mailbox into which the broker puts a subscription's messages.
#[derive(Debug)]
pub(super) struct Mailbox {
    filter: String,
    /// Filters of what is meant; all of it, where this is empty.
    only: Vec<Subject>,
    capacity: usize,
    queue: Mutex<Queue>,
    /// How many its owner has taken off the queue, to yield them.
    held: AtomicUsize,
    dropped: Dropped,
    bell: Bell,
}

#[derive(Debug)]
struct Queue {
    messages: VecDeque<Letter>,
    open: bool,
    /// `true` if its owner waits for the bell.
    waits: bool,
}

/// A message as it was published.
#[derive(Debug)]
struct Letter {
    message: Outgoing,
    reply: Option<Subject>,
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
            bell: Bell::default(),
        }
    }

    /// Lets nothing in that none of these filters matches.
    pub(super) fn only(mut self, only: Vec<Subject>) -> Self {
        self.only = only;
        self
    }

    /// Returns `true` if a message is for whoever listens here: a question is for the stream of its
    /// subject, and so is what waits there.
    fn is_meant(&self, message: &Outgoing) -> bool {
        let mut only = self.only.iter();
        let subject = message.subject.as_str();
        (self.only.is_empty() || only.any(|filter| matches(filter.as_str(), subject)))
            && !(message.payload.is_empty() && message.headers.get(header::QUESTION).is_some())
            && (message.headers.is_empty() || message.headers.get(header::SCHEDULE).is_none())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        locked(&self.queue)
    }

    /// Puts a message in, or drops it where there is no room.
    pub(super) fn push(&self, message: Outgoing, reply: Option<&Subject>, effects: &mut Effects) {
        if !self.is_meant(&message) {
            return;
        }
        let mut queue = self.queue();
        if queue.messages.len() + self.held.load(Ordering::Relaxed) < self.capacity {
            queue.messages.push_back(Letter { message, reply: reply.cloned() });
            if mem::take(&mut queue.waits) {
                effects.bells.push(Arc::clone(&self.bell));
            }
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
    broker: Arc<Broker>,
    subscription: u64,
    mailbox: Arc<Mailbox>,
    /// Messages taken off the queue: all that were there, so that its lock is not taken for each.
    lot: VecDeque<Letter>,
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
                // Under the lock of the queue: what is pushed after this look rings.
                mailbox.bell.register(cx.waker());
                queue.waits = true;
                return Poll::Pending;
            }
            mem::swap(&mut queue.messages, lot);
        }
        coop.made_progress();
        let Some(Letter { message, reply }) = lot.pop_front() else { return Poll::Ready(None) };
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
