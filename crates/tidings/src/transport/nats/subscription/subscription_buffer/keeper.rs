//! Keeper of a core subscription: a task that takes what the owner leaves, and ends the interest in
//! three steps that lose nothing.
//!
//! async-nats's own `drain` forgets a subscription before the server has. As long as the owner takes
//! what comes, the keeper looks on from time to time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::task::unconstrained;
use tokio::time::{sleep, timeout};

use super::{State, SubscriptionBuffer};
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::connection::server_connection::ServerConnection;
use crate::transport::nats::connection::timeout::SEND_TIMEOUT;
use crate::transport::nats::subscription::interest::Interest;
use crate::user_code::log;

/// An UNSUB after so many messages that the server takes it for one without a number (it reads
/// nine digits at most): it forgets the interest at once, while the client goes on until so many
/// have come, which is never.
pub(crate) const AT_ONCE: u64 = u64::MAX;

/// Time that the owner may leave a message before the keeper takes it. So many as come meanwhile
/// may be held beyond the bound.
const LEFT: Duration = Duration::from_millis(10);

/// Wait before the server is asked again for what it has denied.
const AGAIN: Duration = Duration::from_secs(5);

impl SubscriptionBuffer {
    /// Reads what the owner leaves until the interest is to end, then ends it.
    pub(crate) async fn keep(self: Arc<Self>, nats: Nats, which: Role) {
        let connection = nats.connection(which);
        let (mut changes, mut connected) =
            (connection.denials.changes(), connection.supervisor.connected());
        let (mut again, mut made) = (None, self.made);
        // What it has become meanwhile is looked at, too.
        connected.mark_changed();
        let source = loop {
            tokio::select! {
                biased;
                () = connection.supervisor.over().cancelled() => break None,
                source = self.watch() => break source,
                _ = changes.changed() => if self.look(&connection.denials) {
                    self.wakers.owner.wake();
                    again = Some(Box::pin(sleep(AGAIN)));
                },
                Ok(()) = connected.changed() => {
                    let times = *connected.borrow_and_update();
                    self.dropped.interrupted(times.saturating_sub(made));
                    made = made.max(times);
                },
                () = async { if let Some(again) = &mut again { again.await } }, if again.is_some() => {
                    let asked_again = Box::pin(self.listen_again(&nats, which)).await;
                    again = asked_again.then(|| Box::pin(sleep(AGAIN)));
                }
            }
        };
        let Some(source) = source else {
            // What has come by now is yielded.
            self.state().end();
            return self.wakers.owner.wake();
        };
        // Of what is waited for at the end alone nothing is kept until then.
        Box::pin(self.end_interest(source, &nats, which)).await;
        self.state().ended = true;
        self.wakers.owner.wake();
    }

    /// Ends the interest, and reads what comes until then.
    async fn end_interest(&self, mut source: Subscriber, nats: &Nats, which: Role) {
        let connection = nats.connection(which);
        // 1. What was published here before is at the server, whichever way it went. 2. The server
        // sends no more. 3. Once it has answered a question that was asked after that, all it has
        // sent is here. 4. Only then the client forgets the subscription.
        if which != Role::Main {
            self.read_until(nats.seen(Role::Main), &mut source, connection).await;
        }
        if source.unsubscribe_after(AT_ONCE).await.is_ok() {
            self.read_until(nats.seen(which), &mut source, connection).await;
            while let Some(Some(message)) = unconstrained(source.next()).now_or_never() {
                self.push(message);
            }
        }
    }

    /// Reads what comes, until all has come that was to, or nothing more can.
    async fn read_until(
        &self,
        seen: impl Future,
        source: &mut Subscriber,
        connection: &ServerConnection,
    ) {
        tokio::select! {
            _ = seen => {}
            () = connection.supervisor.over().cancelled() => {}
            () = async {
                while let Some(message) = source.next().await {
                    self.push(message);
                }
            } => {}
        }
    }

    /// Asks the server again for what it has denied; says whether to ask once more.
    async fn listen_again(&self, nats: &Nats, which: Role) -> bool {
        let denials = &nats.connection(which).denials;
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
        // Before the look: what comes after it wakes again.
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
