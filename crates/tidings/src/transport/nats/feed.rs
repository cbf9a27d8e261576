//! What has arrived for one core subscription, and how its interest ends without loss.
//!
//! async-nats drops what it has no room for and does not count it, and its own `drain` forgets a
//! subscription before the server has. So a task reads whatever the subscription's owner leaves,
//! into a queue whose bound counts; and it ends the interest in three steps that lose nothing.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use async_nats::{Message, Subscriber};
use futures_util::task::AtomicWaker;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::task::unconstrained;

use super::Nats;
use crate::transport::Dropped;

/// An UNSUB after so many messages that the server takes it for one without a number (it reads
/// nine digits at most): it forgets the interest at once, while the client goes on until so many
/// have come, which is never.
const AT_ONCE: u64 = u64::MAX;

/// The messages of one core subscription that have arrived.
pub(super) struct Feed {
    pub(super) filter: String,
    pub(super) dropped: Dropped,
    capacity: usize,
    state: Mutex<State>,
    stopping: AtomicBool,
    wakers: Arc<Wakers>,
    /// Wakes all of `wakers`.
    waker: Waker,
}

struct State {
    /// Where messages come from; it moves to the keeper when the interest ends.
    source: Option<Subscriber>,
    queue: VecDeque<Message>,
    ended: bool,
}

/// Who waits for a message: whoever comes first takes it, and the other waits on.
#[derive(Default)]
struct Wakers {
    owner: AtomicWaker,
    keeper: AtomicWaker,
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.owner.wake();
        self.keeper.wake();
    }
}

impl Feed {
    pub(super) fn new(filter: String, source: Subscriber, capacity: usize) -> Self {
        let wakers = Arc::<Wakers>::default();
        Self {
            filter,
            dropped: Dropped::default(),
            capacity: capacity.max(1),
            state: Mutex::new(State { source: Some(source), queue: VecDeque::new(), ended: false }),
            stopping: AtomicBool::new(false),
            waker: Waker::from(Arc::clone(&wakers)),
            wakers,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next message for the subscription's owner. What has arrived is looked for in the
    /// connection's own queue too: nothing is overlooked that came before a barrier.
    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Message>> {
        self.wakers.owner.register(cx.waker());
        let state = &mut *self.state();
        if let Some(message) = state.queue.pop_front() {
            return Poll::Ready(Some(message));
        }
        match &mut state.source {
            Some(source) => source.poll_next_unpin(&mut Context::from_waker(&self.waker)),
            None if state.ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// How many have arrived and were not taken.
    pub(super) fn len(&self) -> usize {
        self.state().queue.len()
    }

    /// Tells the keeper to end the interest.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wakers.keeper.wake();
    }

    /// Ends the interest now; what is on the way is lost.
    pub(super) fn cut(&self) {
        self.state().source = None;
    }

    /// Reads what the owner leaves until the interest is to end, then ends it.
    pub(super) async fn keep(self: Arc<Self>, nats: Nats) {
        let Some(mut source) = poll_fn(|cx| self.poll_keep(cx)).await else { return };
        // 1. The server sends no more. 2. Once it has answered a question that was asked after
        // that, all it has sent is here. 3. Only then the client forgets the subscription.
        if source.unsubscribe_after(AT_ONCE).await.is_ok() {
            tokio::select! {
                () = nats.seen() => {}
                () = async {
                    while let Some(message) = source.next().await {
                        self.push(message);
                    }
                } => {}
            }
            while let Some(Some(message)) = unconstrained(source.next()).now_or_never() {
                self.push(message);
            }
        }
        self.state().ended = true;
        self.wakers.owner.wake();
    }

    /// Resolves with the source when the interest is to end; `None` if it has ended.
    fn poll_keep(&self, cx: &Context<'_>) -> Poll<Option<Subscriber>> {
        self.wakers.keeper.register(cx.waker());
        let mut state = self.state();
        if self.stopping.load(Ordering::Acquire) {
            return Poll::Ready(state.source.take());
        }
        loop {
            let Some(source) = &mut state.source else { return Poll::Ready(None) };
            match source.poll_next_unpin(&mut Context::from_waker(&self.waker)) {
                Poll::Ready(Some(message)) => self.put(&mut state, message),
                Poll::Ready(None) => {
                    state.source = None;
                    state.ended = true;
                    return Poll::Ready(None);
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn push(&self, message: Message) {
        self.put(&mut self.state(), message);
        self.wakers.owner.wake();
    }

    fn put(&self, state: &mut State, message: Message) {
        if state.queue.len() < self.capacity {
            state.queue.push_back(message);
        } else {
            self.dropped.one_more(&self.filter);
        }
    }
}
