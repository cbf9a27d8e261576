//! What a durable consumer delivers: pull requests with heartbeats (ADR-37), one inbox for all.
//!
//! Written over a core subscription: what has arrived must be at hand when a shutdown gives it
//! back, and no more may be on the way than is asked for.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::feed::AT_ONCE;
use super::receipt::Receipts;
use super::settle::Deliverer;
use super::unreadable::Look;
use super::{Nats, NatsHeaders, NatsSettle, in_time, inbox, subject_of};
use crate::header::{Headers, PENDING_MESSAGES};
use crate::subject::Subject;
use crate::transport::{
    AckPolicy, ApiError, ConsumerConfig, Denial, DeniedAction, Fault, Heading, Incoming, Outgoing,
    PollInto, Settle, Unreadable,
};

/// How long one pull request stays open when nothing comes.
pub(super) const EXPIRES: Duration = Duration::from_secs(30);
/// How often the server says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long its silence is borne: two heartbeats and some.
const SILENCE: Duration = Duration::from_secs(11);
/// How long to wait before a consumer that did not answer is asked again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long before a server that has denied it is asked again.
const DENIED: Duration = Duration::from_secs(5);
/// How long to wait, at the end, for what is on the way.
const ON_THE_WAY: Duration = Duration::from_millis(50);

/// How long the server may take to answer that it has seen the end.
const SEEN: Duration = Duration::from_secs(1);

/// A pull request on its way out.
type Asking = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// A look-up on its way: whether the consumer is there.
type Looking = Pin<Box<dyn Future<Output = Result<bool, Fault>> + Send>>;

/// A look on its way: for messages that break a connection.
type Searching = Pin<Box<dyn Future<Output = Result<Look, Fault>> + Send>>;

/// What the timer of a pull is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timed {
    /// The end of a silence that is too long.
    Silence,
    /// The same, and something came since: it is set anew before anybody waits for it.
    Stirred,
    /// The end of a pause.
    Pause,
}

/// A durable consumer's messages.
pub(crate) struct NatsPull {
    /// The connection, and the consumer as it was when the pull began.
    deliverer: Arc<Deliverer>,
    stream: String,
    /// `$JS.API.CONSUMER.MSG.NEXT.<stream>.<consumer>`
    next: Subject,
    inbox: Subject,
    messages: Subscriber,
    receipts: Receipts,
    /// How many deliveries there were, with the last message that came.
    number: u64,
    /// How many messages may be asked for and not yielded.
    room: usize,
    /// How many messages were asked for and have not been yielded.
    expected: usize,
    asking: Option<Asking>,
    /// A look whether the consumer is still there, after nobody answered for it.
    looking: Option<Looking>,
    /// A look for what broke the connection, and what it has found.
    searching: Option<Searching>,
    unreadable: VecDeque<Unreadable>,
    /// Up to here all that was delivered can be read.
    readable: u64,
    timer: Pin<Box<Sleep>>,
    timed: Timed,
    /// Resolves when the connection has come back: the server has forgotten what was asked.
    reconnected: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Resolves when the server does not allow the requests, or the inbox.
    denied: Pin<Box<dyn Future<Output = Denial> + Send>>,
    ended: bool,
    /// Whether a heartbeat came since it was asked last.
    heard: bool,
}

impl NatsPull {
    pub(super) async fn open(
        nats: &Nats,
        stream: &str,
        consumer: &str,
        prefetch: usize,
    ) -> Result<Self, Fault> {
        let Some(config) = nats.consumer(stream, consumer).await? else {
            return Err(ApiError::consumer_not_found().into());
        };
        Self::of(nats, stream, config, prefetch, true).await
    }

    /// Of a consumer without acks.
    pub(super) async fn of_unsettled(
        nats: &Nats,
        stream: &str,
        config: ConsumerConfig,
        prefetch: usize,
    ) -> Result<Self, Fault> {
        Self::of(nats, stream, config, prefetch, false).await
    }

    async fn of(
        nats: &Nats,
        stream: &str,
        config: ConsumerConfig,
        prefetch: usize,
        settled: bool,
    ) -> Result<Self, Fault> {
        let inbox = nats.new_inbox();
        let consumer = &config.name;
        let next = Subject::from(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"));
        let denied = denied(nats, &next, &inbox);
        let subscribing = nats.client().subscribe(subject_of(inbox.clone()));
        let messages = in_time(async { subscribing.await.map_err(Fault::client) }).await?;
        Ok(Self {
            deliverer: Arc::new(Deliverer { nats: nats.clone(), config, settled }),
            stream: stream.to_owned(),
            next,
            inbox,
            messages,
            receipts: Receipts::default(),
            number: 0,
            room: prefetch.max(1),
            expected: 0,
            asking: None,
            looking: None,
            searching: None,
            unreadable: VecDeque::new(),
            readable: 0,
            timer: Box::pin(sleep(SILENCE)),
            timed: Timed::Silence,
            reconnected: nats.reconnected(),
            denied,
            ended: false,
            heard: false,
        })
    }

    /// Whether an ack is one of all messages before it.
    pub(crate) fn acks_all(&self) -> bool {
        self.deliverer.settled && self.deliverer.config.acks == AckPolicy::All
    }

    /// Whether the consumer has answered since the last call, if only by a heartbeat.
    pub(crate) fn has_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// How many deliveries there were, with the message that was yielded last.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// How many more messages may be on the way, or here and not yielded.
    pub(crate) fn set_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Whether messages may be on their way or here that were asked for.
    pub(crate) fn expects(&self) -> bool {
        self.expected > 0
    }

    /// Ends the pull, and gives back what was asked for and not yielded.
    ///
    /// What is on the way is waited for a moment; only what comes later than that, to a request
    /// that the server has not forgotten yet, comes again after the ack wait.
    pub(crate) async fn end(mut self) -> Vec<Incoming> {
        let mut left = Vec::new();
        if let Some(asking) = self.asking.take() {
            // Dropped half-way it would be unknown what was asked for.
            let _ = timeout(ON_THE_WAY, asking).await;
        }
        // The server forgets the inbox first; what it has sent by then is here once it has answered.
        let ended = timeout(ON_THE_WAY, self.messages.unsubscribe_after(AT_ONCE)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::debug!("there is no room to say that a pull has ended; it is said later");
        }
        let nats = self.deliverer.nats.clone();
        let seen = timeout(SEEN, nats.seen());
        tokio::pin!(seen);
        loop {
            tokio::select! {
                Some(message) = self.messages.next() => left.extend(self.read_last(message)),
                _ = &mut seen => break,
            }
        }
        while let Some(Some(message)) = unconstrained(self.messages.next()).now_or_never() {
            left.extend(self.read_last(message));
        }
        left
    }

    fn read_last(&mut self, message: Message) -> Option<Incoming> {
        let mut incoming = Incoming::default();
        let read = self.read(message, &mut incoming)?;
        read.is_ok().then_some(incoming)
    }

    /// Asks for as many as may still be on the way.
    fn ask(&mut self) {
        let batch = self.room - self.expected;
        let body = format!(
            r#"{{"batch":{batch},"expires":{},"idle_heartbeat":{}}}"#,
            EXPIRES.as_nanos(),
            HEARTBEAT.as_nanos()
        );
        let request = Outgoing {
            subject: self.next.clone(),
            headers: Headers::new(),
            payload: Bytes::from(body),
        };
        let (nats, inbox) = (self.deliverer.nats.clone(), self.inbox.clone());
        self.asking = Some(Box::pin(async move { nats.publish(&request, Some(inbox)).await }));
        self.expected = self.room;
        self.timed = Timed::Silence;
        self.wait(SILENCE);
    }

    /// Looks for what may have broken the connection.
    fn search(&mut self) {
        let (deliverer, stream) = (Arc::clone(&self.deliverer), self.stream.clone());
        let readable = self.readable;
        self.searching = Some(Box::pin(async move {
            deliverer.nats.look_through(&stream, &deliverer, readable).await
        }));
    }

    /// What a look has found is told, each time until it is settled.
    fn heed(&mut self, look: Result<Look, Fault>) {
        match look {
            Ok(look) => {
                let first = look.found.first().map(|unreadable| unreadable.message.sequence);
                self.readable = first.map_or(look.looked, |first| first - 1);
                self.unreadable.extend(look.found);
                if look.more && self.unreadable.is_empty() {
                    self.search();
                }
            }
            // The next loss of the connection asks again.
            Err(fault) => tracing::warn!(%fault, "what was delivered last can't be looked through"),
        }
    }

    fn wait(&mut self, time: Duration) {
        self.timer.as_mut().reset(Instant::now() + time);
    }

    /// What was asked for will not come: the next poll asks anew, after a pause if it must not
    /// ask in vain without end.
    fn forget(&mut self, pause: bool) {
        self.expected = 0;
        self.timed = if pause { Timed::Pause } else { Timed::Stirred };
        if pause {
            self.wait(PAUSE);
        }
    }

    /// A message, or what the server says about a request: `None` where it only tells that it is
    /// there, or that a request has ended.
    #[inline]
    fn read(&mut self, message: Message, into: &mut Incoming) -> Option<Result<(), Fault>> {
        if self.timed == Timed::Silence {
            self.timed = Timed::Stirred;
        }
        // A stored message may have a status too; the server's own words can't be acknowledged.
        let is_stored = || message.reply.as_ref().is_some_and(|to| to.starts_with("$JS.ACK."));
        let Some(status) = message.status.filter(|_| !is_stored()) else {
            self.expected = self.expected.saturating_sub(1);
            self.incoming(message, into);
            return Some(Ok(()));
        };
        self.heed_status(status, &message)
    }

    /// What the server says about a request.
    #[cold]
    fn heed_status(&mut self, status: StatusCode, message: &Message) -> Option<Result<(), Fault>> {
        let text = message.description.as_deref().unwrap_or_default();
        match status {
            StatusCode::IDLE_HEARTBEAT => {
                self.heard = true;
                None
            }
            StatusCode::NOT_FOUND | StatusCode::TIMEOUT => {
                let left = message.headers.as_ref().and_then(|headers| {
                    headers.get(PENDING_MESSAGES)?.as_str().parse::<usize>().ok()
                });
                self.expected = self.expected.saturating_sub(left.unwrap_or(self.expected));
                None
            }
            StatusCode::REQUEST_TERMINATED if text.eq_ignore_ascii_case("consumer deleted") => {
                self.ended = true;
                Some(Err(ApiError::consumer_not_found().into()))
            }
            StatusCode::REQUEST_TERMINATED
                if text.eq_ignore_ascii_case("leadership change")
                    || text.eq_ignore_ascii_case("server shutdown") =>
            {
                self.forget(true);
                None
            }
            StatusCode::NO_RESPONDERS => {
                // It is gone, or its stream has no leader: only a look-up tells.
                self.forget(true);
                let (deliverer, stream) = (Arc::clone(&self.deliverer), self.stream.clone());
                self.looking = Some(Box::pin(async move {
                    let Deliverer { nats, config, .. } = &*deliverer;
                    nats.consumer(&stream, &config.name).await.map(|found| found.is_some())
                }));
                None
            }
            status => {
                self.forget(true);
                Some(Err(Fault::client(format!("the consumer says: {status} {text}"))))
            }
        }
    }

    fn incoming(&mut self, message: Message, into: &mut Incoming) {
        let Message { subject, reply, headers, payload, .. } = message;
        let receipt = reply.as_ref().and_then(|reply| self.receipts.read(reply.as_str()));
        let receipt = receipt.map(|(receipt, number)| {
            self.number = number;
            receipt
        });
        let attempt = receipt.as_ref().map_or(1, |receipt| receipt.attempt);
        into.subject = inbox::subject_of(subject);
        into.reply = None;
        into.headers = Heading::nats(headers.map(NatsHeaders::new));
        into.payload = payload;
        into.receipt = receipt;
        into.settle = reply.filter(|_| self.deliverer.settled).map(|reply| {
            Settle::Nats(NatsSettle::new(&self.deliverer, reply, attempt, self.number))
        });
    }

    /// Whether nothing is to be done but to take what has come. What else there may be to do makes
    /// itself felt by messages that do not come: it can wait until none is here.
    fn is_flowing(&self) -> bool {
        let is_quiet = !self.ended && self.timed != Timed::Pause && self.unreadable.is_empty();
        is_quiet && self.asking.is_none() && !self.is_short()
    }

    /// Whether half of what was asked for has come: the rest is asked for before the first half is
    /// used up.
    fn is_short(&self) -> bool {
        self.room > 0 && self.expected <= self.room / 2
    }
}

/// Resolves when the server does not allow pull requests on `next`, or to listen on `inbox`.
fn denied(
    nats: &Nats,
    next: &Subject,
    inbox: &Subject,
) -> Pin<Box<dyn Future<Output = Denial> + Send>> {
    let (next, inbox) = (next.clone(), inbox.clone());
    nats.shared.denials.next(move |denial| {
        let subject = match denial.action {
            DeniedAction::Publish => &next,
            DeniedAction::Subscribe => &inbox,
        };
        denial.subject == subject.as_str()
    })
}

impl PollInto for NatsPull {
    #[inline]
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        while self.is_flowing() {
            match self.messages.poll_next_unpin(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(message)) => {
                    if let Some(next) = self.read(message, into) {
                        return Poll::Ready(Some(next));
                    }
                }
                Poll::Pending => return self.poll_other(cx, into, true),
            }
        }
        self.poll_other(cx, into, false)
    }
}

impl NatsPull {
    /// Does what is to be done beside taking what has come. Whether nothing is there is known where
    /// somebody has looked.
    fn poll_other(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
        mut is_empty: bool,
    ) -> Poll<Option<Result<(), Fault>>> {
        let this = self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            if this.reconnected.poll_unpin(cx).is_ready() {
                this.reconnected = this.deliverer.nats.reconnected();
                if this.expected > 0 && this.deliverer.settled {
                    this.search();
                }
                this.forget(false);
            }
            if let Some(searching) = &mut this.searching
                && let Poll::Ready(look) = searching.poll_unpin(cx)
            {
                this.searching = None;
                this.heed(look);
            }
            if let Some(unreadable) = this.unreadable.pop_front() {
                return Poll::Ready(Some(Err(Fault::Unreadable(Box::new(unreadable)))));
            }
            if let Poll::Ready(denial) = this.denied.poll_unpin(cx) {
                this.denied = denied(&this.deliverer.nats, &this.next, &this.inbox);
                // Without its inbox it hears nothing, also when it is allowed again.
                this.ended = denial.action == DeniedAction::Subscribe;
                this.forget(true);
                this.wait(DENIED);
                return Poll::Ready(Some(Err(Fault::Denied(denial))));
            }
            if let Some(asking) = &mut this.asking
                && let Poll::Ready(asked) = asking.poll_unpin(cx)
            {
                this.asking = None;
                if let Err(fault) = asked {
                    this.ended = matches!(fault, Fault::Closed);
                    this.forget(true);
                    if matches!(fault, Fault::Denied(_)) {
                        this.wait(DENIED);
                    }
                    return Poll::Ready(Some(Err(fault)));
                }
            }
            if let Some(looking) = &mut this.looking
                && let Poll::Ready(found) = looking.poll_unpin(cx)
            {
                this.looking = None;
                if matches!(found, Ok(false)) {
                    this.ended = true;
                    return Poll::Ready(Some(Err(ApiError::consumer_not_found().into())));
                }
                return Poll::Ready(Some(Err(Fault::NoResponders)));
            }
            if this.asking.is_none() && this.timed != Timed::Pause && this.is_short() {
                this.ask();
                is_empty = false;
                continue;
            }
            if !is_empty {
                match this.messages.poll_next_unpin(cx) {
                    Poll::Ready(Some(message)) => match this.read(message, into) {
                        Some(next) => return Poll::Ready(Some(next)),
                        None => continue,
                    },
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Pending => {}
                }
            }
            if this.timed == Timed::Stirred {
                this.timed = Timed::Silence;
                this.wait(SILENCE);
            }
            ready!(this.timer.poll_unpin(cx));
            if this.timed == Timed::Pause {
                this.timed = Timed::Stirred;
            } else {
                this.forget(false);
                return Poll::Ready(Some(Err(Fault::Timeout)));
            }
        }
    }
}

impl Stream for NatsPull {
    type Item = Result<Incoming, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_one(cx)
    }
}

impl fmt::Debug for NatsPull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsPull")
            .field("next", &self.next)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}
