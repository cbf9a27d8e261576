//! What a durable consumer delivers: pull requests (ADR-37), one inbox for all.
//!
//! Written over a core subscription: what has arrived must be at hand when a shutdown gives it
//! back, and no more may be on the way than is asked for.

mod drain;
mod idle;
mod lost_requests;
mod outstanding;
mod poll;
mod stale_requests;
mod status;
mod unreadable_scan;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::{Message, Subscriber};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::time::Instant;

use self::idle::{HEARTBEAT, Idle};
use self::lost_requests::LostRequests;
use self::outstanding::Outstanding;
use self::stale_requests::StaleRequests;
use self::status::{PullStatus, status_of};
use self::unreadable_scan::UnreadableScan;
use crate::header::Headers;
use crate::subject::Subject;
use crate::transport::nats::codec::header::NatsHeaders;
use crate::transport::nats::codec::subject::subject_of;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::consumer::receipt::Receipts;
use crate::transport::nats::consumer::settle::Deliverer;
use crate::transport::nats::consumer::settle::NatsSettle;
use crate::transport::nats::jetstream::consumer_config::EXPIRES;
use crate::transport::{
    AckPolicy, ApiError, ConsumerConfig, DeliverFrom, Denial, DeniedAction, Fault, Heading,
    Incoming, Outgoing, PollInto, Reach, Receipt, Settle,
};

/// Of how many messages at least a request is one of a flow: then each of them is the server's least
/// work.
const MANY: usize = 64;
/// How long to wait before a consumer that did not answer is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// A pull request on its way out.
type Asking = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// A look-up on its way: whether the consumer is there.
type Looking = Pin<Box<dyn Future<Output = Result<bool, Fault>> + Send>>;

/// A durable consumer's messages.
pub(crate) struct NatsPull {
    /// The connection, and the consumer as it was when the pull began.
    deliverer: Arc<Deliverer>,
    stream: Arc<str>,
    /// `$JS.API.CONSUMER.MSG.NEXT.<stream>.<consumer>`
    next: Subject,
    inbox: Subject,
    messages: Subscriber,
    receipts: Receipts,
    reach: Reach,
    /// How many messages may be asked for and not yielded.
    room: usize,
    /// What was asked for and has not been yielded.
    outstanding: Outstanding,
    lost: LostRequests,
    /// What was asked for before that was given up, and may come all the same.
    stale: StaleRequests,
    asking: Option<Asking>,
    /// A look whether the consumer is still there, after nobody answered for it.
    looking: Option<Looking>,
    scan: UnreadableScan,
    idle: Idle,
    /// When messages were asked for last.
    asked: Option<Instant>,
    /// Resolves when the connection has come back: the server may have forgotten what was asked.
    reconnected: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Resolves when the server does not allow the requests, or the inbox.
    denied: Pin<Box<dyn Future<Output = Denial> + Send>>,
    ended: bool,
    /// Whether a heartbeat came since it was asked last.
    heard: bool,
    /// How many more messages there were, with the last that came.
    pending: u64,
    /// Whether the consumer is to be asked for one more, since it may be stuck.
    nudges: bool,
}

impl NatsPull {
    pub(crate) async fn open(
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
    pub(crate) async fn of_unsettled(
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
        let messages = nats.in_time(async { subscribing.await.map_err(|_| nats.gone()) }).await?;
        let deliverer = Arc::new(Deliverer { nats: nats.clone(), config, settled });
        let receipts = Receipts::of(stream, &deliverer.config.name);
        Ok(Self {
            scan: UnreadableScan::new(&deliverer, stream),
            deliverer,
            stream: stream.into(),
            next,
            inbox,
            messages,
            receipts,
            reach: Reach::behind(0),
            room: prefetch.max(1),
            outstanding: Outstanding::default(),
            lost: LostRequests::new(),
            stale: StaleRequests::default(),
            asking: None,
            looking: None,
            idle: Idle::new(),
            asked: None,
            reconnected: nats.reconnected(),
            denied,
            ended: false,
            heard: false,
            pending: u64::MAX,
            nudges: false,
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
    pub(crate) fn number(&self) -> u64 {
        self.reach.number
    }

    /// So many deliveries went before the first that is to come.
    pub(crate) fn begin_behind(&mut self, number: u64) {
        self.reach = Reach::behind(number);
    }

    /// How far the deliveries have come.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    /// How many more messages may be on the way, or here and not yielded.
    pub(crate) fn set_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Whether messages may be on their way or here that were asked for.
    pub(crate) fn expects(&self) -> bool {
        self.outstanding.messages() > 0 || self.stale.messages > 0
    }

    /// Asks for as many as may still be on the way; in a flow for one less, so that heartbeats can
    /// be asked for once it has ended.
    fn ask(&mut self) {
        let now = Instant::now();
        self.pass(now);
        let expected = self.outstanding.messages();
        let free = self.room.saturating_sub(expected);
        let before = self.asked.replace(now);
        if expected == 0 {
            self.lost.settle(now);
        } else if self.lost.begin(now) {
            return;
        }
        let flows = free >= MANY && before.is_some_and(|before| now - before < HEARTBEAT);
        if flows { self.request(free - 1, false) } else { self.request(free, true) }
    }

    /// Asks for so many; `listens` for heartbeats too.
    fn request(&mut self, batch: usize, listens: bool) {
        let (expires, heartbeat) = (EXPIRES.as_nanos(), HEARTBEAT.as_nanos());
        let body = if listens {
            format!(r#"{{"batch":{batch},"expires":{expires},"idle_heartbeat":{heartbeat}}}"#)
        } else {
            format!(r#"{{"batch":{batch},"expires":{expires}}}"#)
        };
        let request = Outgoing {
            subject: self.next.clone(),
            headers: Headers::new(),
            payload: Bytes::from(body),
        };
        let (nats, inbox) = (self.deliverer.nats.clone(), self.inbox.clone());
        self.asking = Some(Box::pin(async move { nats.publish(&request, Some(inbox)).await }));
        self.outstanding.ask(batch, Instant::now());
        self.idle.listen(if listens { batch } else { 0 });
    }

    /// What was asked for may not come: the next poll asks anew.
    fn forget(&mut self) {
        self.stale.add(self.outstanding.forget());
        self.lost.settle(Instant::now());
        self.asked = None;
        self.idle.restart();
    }

    /// Time has passed: requests that are older than their expiry count for nothing.
    fn pass(&mut self, now: Instant) {
        self.stale.pass(now);
        self.outstanding.pass(now);
    }

    /// The same, after a pause: it must not ask in vain without end.
    fn forget_for(&mut self, pause: Duration) {
        self.forget();
        self.idle.pause(pause);
    }

    /// A message, or what the server says about a request: `None` where it only tells that it is
    /// there, or that a request has ended.
    #[inline]
    fn read(&mut self, message: Message, into: &mut Incoming) -> Option<Result<(), Fault>> {
        match status_of(&message) {
            None => {
                let receipt = message.reply.as_ref().and_then(|reply| self.receipts.read(reply));
                let Some((receipt, number)) = receipt else {
                    self.not_delivered(&message);
                    return None;
                };
                self.idle.deliver();
                self.outstanding.come();
                self.incoming(message, (receipt, number), into);
                Some(Ok(()))
            }
            Some(status) => self.heed(status).map(Err),
        }
    }

    /// What the server says about a request; gives what that means to whoever waits for messages.
    #[cold]
    fn heed(&mut self, status: PullStatus) -> Option<Fault> {
        self.idle.stir();
        self.pass(Instant::now());
        match status {
            PullStatus::Heartbeat => {
                self.heard = true;
                // One that begins with the last message of each subject waits where one of those
                // is gone, until it is asked again (2.15.1).
                self.nudges =
                    self.pending > 0 && self.deliverer.config.from == DeliverFrom::LastPerSubject;
                None
            }
            PullStatus::Ended(left) => {
                let left = left.unwrap_or_else(|| self.outstanding.messages());
                let left = self.stale.ended(left);
                self.outstanding.end(left);
                // It may have been the one with heartbeats.
                self.idle.listen(0);
                None
            }
            PullStatus::Deleted => {
                self.ended = true;
                Some(ApiError::consumer_not_found().into())
            }
            PullStatus::Moved => {
                self.forget_for(PAUSE);
                None
            }
            PullStatus::Nobody => {
                // It is gone, or its stream has no leader: only a look-up tells.
                self.forget_for(PAUSE);
                let (deliverer, stream) = (Arc::clone(&self.deliverer), Arc::clone(&self.stream));
                self.looking = Some(Box::pin(async move {
                    let Deliverer { nats, config, .. } = &*deliverer;
                    nats.consumer(&stream, &config.name).await.map(|found| found.is_some())
                }));
                None
            }
            PullStatus::Other(text) => {
                self.forget_for(PAUSE);
                Some(Fault::client(format!("the consumer says: {text}")))
            }
        }
    }

    /// Somebody else's message: the consumer gives each of its own a subject for its ack.
    #[cold]
    fn not_delivered(&self, message: &Message) {
        let (consumer, subject) = (&*self.deliverer.config.name, message.subject.as_str());
        tracing::warn!(
            consumer,
            subject,
            "a message that its consumer did not deliver is left out"
        );
    }

    fn incoming(
        &mut self,
        message: Message,
        (receipt, number): (Receipt, u64),
        into: &mut Incoming,
    ) {
        let Message { subject, reply, headers, payload, .. } = message;
        self.reach.pass(number, receipt.sequence);
        let (attempt, pending) = (receipt.attempt, receipt.pending);
        self.pending = pending;
        self.lost.deliver(pending);
        into.subject = crate::transport::nats::codec::subject::from_nats(subject);
        into.reply = None;
        into.headers = Heading::nats(headers.map(NatsHeaders::new));
        into.payload = payload;
        into.receipt = Some(receipt);
        into.settle = reply.filter(|_| self.deliverer.settled).map(|reply| {
            Settle::Nats(NatsSettle::new(&self.deliverer, reply, attempt, self.reach.number))
        });
    }

    /// Whether nothing is to be done but to take what has come. What else there may be to do makes
    /// itself felt by messages that do not come: it can wait until none is here.
    fn is_flowing(&self) -> bool {
        let is_quiet = !self.ended && !self.idle.is_paused() && !self.scan.has_found();
        is_quiet && self.asking.is_none() && !self.is_short()
    }

    /// Whether half of what was asked for has come: the rest is asked for before the first half is
    /// used up.
    fn is_short(&self) -> bool {
        let enough = if self.lost.drains() { 0 } else { self.room / 2 };
        self.room > 0 && self.outstanding.messages() <= enough
    }
}

/// Resolves when the server does not allow pull requests on `next`, or to listen on `inbox`.
fn denied(
    nats: &Nats,
    next: &Subject,
    inbox: &Subject,
) -> Pin<Box<dyn Future<Output = Denial> + Send>> {
    let (next, inbox) = (next.clone(), inbox.clone());
    nats.shared.main.denials.next(move |denial| {
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
            .field("outstanding", &self.outstanding)
            .finish_non_exhaustive()
    }
}
