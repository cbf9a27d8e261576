//! Buffer of one core subscription: what has arrived for it, as its owner takes it.
//!
//! async-nats drops what it has no room for and does not count it. So a task, the [`keeper`], reads
//! whatever the subscription's owner leaves, into a queue whose bound counts.

pub(crate) mod keeper;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker, ready};

use async_nats::{Message, Subscriber};
use futures_util::StreamExt as _;
use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tokio::task::coop;

use crate::lock::locked;
use crate::transport::nats::connection::permission::Denials;
use crate::transport::nats::subscription::interest::Interest;
use crate::transport::{Denial, Dropped};

/// The messages of one core subscription that have arrived.
pub(crate) struct SubscriptionBuffer {
    pub(crate) interest: Interest,
    pub(crate) dropped: Dropped,
    capacity: usize,
    state: Mutex<State>,
    stopping: AtomicBool,
    /// `true` if the owner has taken a message since it last had none to take.
    busy: AtomicBool,
    wakers: Arc<Wakers>,
    /// Wakes all of `wakers`.
    waker: Waker,
    /// Number of times that its connection had been made when it began to listen.
    made: u64,
}

struct State {
    /// Source of the messages; it moves to the keeper when the interest ends.
    source: Option<Subscriber>,
    queue: VecDeque<Message>,
    /// A denial that the owner has not been told of.
    denied: Option<Denial>,
    /// `true` if the owner has taken all there was since the keeper looked last.
    emptied: bool,
    /// The number of the last denial that was looked at.
    looked: u64,
    ended: bool,
}

/// Wakers of those whom a message wakes: the owner, who takes it, and the keeper, who sees to it
/// that the owner does. The keeper is woken by the first one alone after it has gone to sleep.
#[derive(Default)]
struct Wakers {
    owner: AtomicWaker,
    keeper: Notify,
    /// `true` if the keeper was woken since it looked.
    rang: AtomicBool,
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.owner.wake();
        if !self.rang.load(Ordering::Relaxed) && !self.rang.swap(true, Ordering::AcqRel) {
            self.keeper.notify_one();
        }
    }
}

impl State {
    /// `true` if nothing comes any more.
    fn end(&mut self) {
        self.source = None;
        self.ended = true;
    }
}

impl SubscriptionBuffer {
    /// `before` the server was asked, that was the number of its last denial, and how often the
    /// connection had been made.
    pub(crate) fn new(
        interest: Interest,
        source: Subscriber,
        capacity: usize,
        before: (u64, u64),
        dropped: Dropped,
    ) -> Self {
        let (denied_before, made) = before;
        let wakers = Arc::<Wakers>::default();
        Self {
            interest,
            dropped,
            capacity: capacity.max(1),
            state: Mutex::new(State {
                source: Some(source),
                queue: VecDeque::new(),
                denied: None,
                emptied: false,
                looked: denied_before,
                ended: false,
            }),
            stopping: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            waker: Waker::from(Arc::clone(&wakers)),
            wakers,
            // A connection that is still to be made is no loss.
            made: made.max(1),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// The next message for the subscription's owner. What has arrived is looked for in the
    /// connection's own queue too: nothing is overlooked that came before a barrier.
    /// It is handed to `each`, since it is too large to be moved more than once.
    pub(crate) fn poll_next(
        &self,
        cx: &mut Context<'_>,
        mut each: impl FnMut(Message),
    ) -> Poll<Option<Result<(), Denial>>> {
        if let Poll::Ready(next) = self.take(cx, &mut each) {
            self.busy.store(true, Ordering::Relaxed);
            return Poll::Ready(next);
        }
        // Where others have their turn first, more may have come: it costs less than to be woken.
        if self.busy.swap(false, Ordering::Relaxed) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        // What has come meanwhile is seen by the second look.
        self.wakers.owner.register(cx.waker());
        self.take(cx, &mut each)
    }

    fn take(
        &self,
        cx: &mut Context<'_>,
        each: &mut impl FnMut(Message),
    ) -> Poll<Option<Result<(), Denial>>> {
        let state = &mut *self.state();
        if !state.queue.is_empty() {
            // A full queue must not keep the other tasks from running.
            let coop = ready!(coop::poll_proceed(cx));
            coop.made_progress();
            return Poll::Ready(state.queue.pop_front().map(|message| {
                each(message);
                Ok(())
            }));
        }
        if let Some(denial) = state.denied.take() {
            return Poll::Ready(Some(Err(denial)));
        }
        let Some(source) = &mut state.source else {
            return if state.ended { Poll::Ready(None) } else { Poll::Pending };
        };
        loop {
            match source.poll_next_unpin(&mut Context::from_waker(&self.waker)) {
                Poll::Ready(Some(message)) if self.interest.means(&message) => {
                    each(message);
                    return Poll::Ready(Some(Ok(())));
                }
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => {
                    state.end();
                    self.wakers.keeper.notify_one();
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    // Where others are to run first, nobody knows whether there is more.
                    state.emptied |= coop::has_budget_remaining();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Number of messages that were put in the queue and not taken.
    pub(crate) fn len(&self) -> usize {
        self.state().queue.len()
    }

    /// Takes the server's denial of it, if there is one; told once.
    pub(crate) fn denied(&self, denials: &Denials) -> Option<Denial> {
        self.look(denials);
        self.state().denied.take()
    }

    /// Looks for a denial that is new; says whether there is one.
    fn look(&self, denials: &Denials) -> bool {
        let mut state = self.state();
        let Interest { filter, group, .. } = &self.interest;
        let last = denials.last();
        let denial = denials.subscription_after(state.looked, filter.as_str(), group.as_deref());
        state.looked = last;
        let is_new = denial.is_some();
        state.denied = denial.or(state.denied.take());
        is_new
    }

    /// Tells the keeper to end the interest.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wakers.keeper.notify_one();
    }

    /// Ends the interest now; what is on the way is lost.
    pub(crate) fn cut(&self) {
        self.state().source = None;
    }
}
