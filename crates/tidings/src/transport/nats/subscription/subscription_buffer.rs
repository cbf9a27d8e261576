//! What has arrived for one core subscription, and how its interest ends without loss.
//!
//! async-nats drops what it has no room for and does not count it, and its own `drain` forgets a
//! subscription before the server has. So a task, the keeper, reads whatever the subscription's
//! owner leaves, into a queue whose bound counts; and it ends the interest in three steps that lose
//! nothing. As long as the owner takes what comes, the keeper looks on from time to time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures_util::task::AtomicWaker;
use futures_util::{FutureExt as _, StreamExt as _};
use tidings_subject::matches;
use tokio::sync::Notify;
use tokio::task::{coop, unconstrained};
use tokio::time::{sleep, timeout};

use crate::header;
use crate::lock::locked;
use crate::said::log;
use crate::subject::Subject;
use crate::transport::nats::codec::header::has;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::connection::permission::Denials;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::connection::server_connection::ServerConnection;
use crate::transport::nats::connection::timeout::SEND_TIMEOUT;
use crate::transport::{Denial, Dropped};

/// An UNSUB after so many messages that the server takes it for one without a number (it reads
/// nine digits at most): it forgets the interest at once, while the client goes on until so many
/// have come, which is never.
pub(crate) const AT_ONCE: u64 = u64::MAX;

/// How long the owner may leave a message before the keeper takes it. So many as come meanwhile may
/// be held beyond the bound.
const LEFT: Duration = Duration::from_millis(10);

/// How long until the server is asked again for what it has denied.
const AGAIN: Duration = Duration::from_secs(5);

/// What is listened to.
pub(crate) struct Interest {
    pub(crate) filter: Subject,
    pub(crate) group: Option<String>,
    /// What is meant of it; all of it, where this is empty.
    pub(crate) only: Vec<Subject>,
}

impl Interest {
    #[inline]
    fn means(&self, message: &Message) -> bool {
        (self.only.is_empty() || self.is_among(message))
            && !(message.payload.is_empty() && is_no_event(message))
            && !message.headers.as_ref().is_some_and(|headers| has(headers, header::SCHEDULE))
    }

    #[cold]
    fn is_among(&self, message: &Message) -> bool {
        self.only.iter().any(|filter| matches(filter.as_str(), &message.subject))
    }
}

/// Whether a message without payload is for no listener: a server's own marker that its stream
/// republished, or a question to the stream of its subject.
#[cold]
fn is_no_event(message: &Message) -> bool {
    let is = |name| message.headers.as_ref().is_some_and(|headers| has(headers, name));
    is(header::MARKER_REASON) || is(header::QUESTION)
}

/// The messages of one core subscription that have arrived.
pub(crate) struct SubscriptionBuffer {
    pub(crate) interest: Interest,
    pub(crate) dropped: Dropped,
    capacity: usize,
    state: Mutex<State>,
    stopping: AtomicBool,
    /// Whether the owner has taken a message since it last had none to take.
    busy: AtomicBool,
    wakers: Arc<Wakers>,
    /// Wakes all of `wakers`.
    waker: Waker,
    /// How often its connection had been made when it began to listen.
    made: u64,
}

struct State {
    /// Where messages come from; it moves to the keeper when the interest ends.
    source: Option<Subscriber>,
    queue: VecDeque<Message>,
    /// A denial that the owner has not been told of.
    denied: Option<Denial>,
    /// Whether the owner has taken all there was since the keeper looked last.
    emptied: bool,
    /// The number of the last denial that was looked at.
    looked: u64,
    ended: bool,
}

/// Who is woken by a message: the owner, who takes it, and the keeper, who sees to it that the
/// owner does. The keeper is woken by the first one alone after it has gone to sleep.
#[derive(Default)]
struct Wakers {
    owner: AtomicWaker,
    keeper: Notify,
    /// Whether the keeper was woken since it looked.
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
    /// Nothing comes any more.
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
    ) -> Self {
        let (denied_before, made) = before;
        let wakers = Arc::<Wakers>::default();
        Self {
            interest,
            dropped: Dropped::default(),
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
            // Where it is still to be made, that is no loss.
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

    /// How many have arrived and were not taken.
    pub(crate) fn len(&self) -> usize {
        self.state().queue.len()
    }

    /// Whether the server has denied it; told once.
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

    /// Reads what the owner leaves until the interest is to end, then ends it.
    pub(crate) async fn keep(self: Arc<Self>, nats: Nats, which: Role) {
        let line = nats.line(which);
        let (mut changes, mut connected) = (line.denials.changes(), line.supervisor.connected());
        let (mut again, mut made) = (None, self.made);
        // What it has become meanwhile is looked at, too.
        connected.mark_changed();
        let source = loop {
            tokio::select! {
                biased;
                () = line.supervisor.over().cancelled() => break None,
                source = self.watch() => break source,
                _ = changes.changed() => if self.look(&line.denials) {
                    self.wakers.owner.wake();
                    again = Some(Box::pin(sleep(AGAIN)));
                },
                Ok(()) = connected.changed() => {
                    let times = *connected.borrow_and_update();
                    self.dropped.interrupted(times.saturating_sub(made));
                    made = made.max(times);
                },
                () = async { if let Some(again) = &mut again { again.await } }, if again.is_some() => {
                    let asked_again = self.listen_again(&nats, which).await;
                    again = asked_again.then(|| Box::pin(sleep(AGAIN)));
                }
            }
        };
        let Some(mut source) = source else {
            // What has come by now is yielded.
            self.state().end();
            return self.wakers.owner.wake();
        };
        // 1. What was published here before is at the server, whichever way it went. 2. The server
        // sends no more. 3. Once it has answered a question that was asked after that, all it has
        // sent is here. 4. Only then the client forgets the subscription.
        if which != Role::Main {
            self.read_until(nats.seen(Role::Main), &mut source, line).await;
        }
        if source.unsubscribe_after(AT_ONCE).await.is_ok() {
            self.read_until(nats.seen(which), &mut source, line).await;
            while let Some(Some(message)) = unconstrained(source.next()).now_or_never() {
                self.push(message);
            }
        }
        self.state().ended = true;
        self.wakers.owner.wake();
    }

    /// Reads what comes, until all has come that was to, or nothing more can.
    async fn read_until(
        &self,
        seen: impl Future,
        source: &mut Subscriber,
        line: &ServerConnection,
    ) {
        tokio::select! {
            _ = seen => {}
            () = line.supervisor.over().cancelled() => {}
            () = async {
                while let Some(message) = source.next().await {
                    self.push(message);
                }
            } => {}
        }
    }

    /// Asks the server again for what it has denied; says whether to ask once more.
    async fn listen_again(&self, nats: &Nats, which: Role) -> bool {
        let denials = &nats.line(which).denials;
        let before = denials.last();
        let Ok(source) = nats.listen(which, &self.interest).await else { return true };
        let old = self.state().source.replace(source);
        drop(old);
        if nats.barrier_of(which, SEND_TIMEOUT).await.is_err() {
            return true;
        }
        // Its owner was told the first time.
        let mut state = self.state();
        let Interest { filter, group, .. } = &self.interest;
        let (filter, group) = (filter.as_str(), group.as_deref());
        let denied = denials.subscription_after(before, filter, group).is_some();
        state.looked = denials.last();
        if !denied {
            log(|| tracing::info!(filter, "the server allows a subscription that it denied"));
        }
        denied
    }

    /// Takes what the owner leaves. Resolves with the source when the interest is to end; `None` if
    /// it has ended.
    async fn watch(&self) -> Option<Subscriber> {
        loop {
            unconstrained(async { self.take_all() }).await;
            let mut rung = false;
            loop {
                if self.stopping.load(Ordering::Acquire) || self.state().source.is_none() {
                    return self.state().source.take();
                }
                if !rung {
                    self.wakers.keeper.notified().await;
                    rung = true;
                } else if timeout(LEFT, self.wakers.keeper.notified()).await.is_err()
                    && !std::mem::take(&mut self.state().emptied)
                {
                    break;
                }
            }
        }
    }

    /// Moves what has arrived into the queue, as far as there is room.
    fn take_all(&self) {
        // Before the look: what comes after it rings again.
        self.wakers.rang.store(false, Ordering::Release);
        let mut state = self.state();
        while let Some(source) = &mut state.source {
            match source.poll_next_unpin(&mut Context::from_waker(&self.waker)) {
                Poll::Ready(Some(message)) => self.put(&mut state, message),
                Poll::Ready(None) => state.end(),
                Poll::Pending => break,
            }
        }
        let is_news = state.ended || !state.queue.is_empty();
        drop(state);
        if is_news {
            self.wakers.owner.wake();
        }
    }

    fn push(&self, message: Message) {
        self.put(&mut self.state(), message);
        self.wakers.owner.wake();
    }

    fn put(&self, state: &mut State, message: Message) {
        if !self.interest.means(&message) {
            return;
        }
        if state.queue.len() < self.capacity {
            state.queue.push_back(message);
        } else {
            self.dropped.one_more(self.interest.filter.as_str());
        }
    }
}
