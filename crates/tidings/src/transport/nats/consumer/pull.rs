//! Deliveries of a durable consumer: pull requests (ADR-37), one inbox for all.
//!
//! Written over a core subscription: what has arrived must be at hand when a shutdown gives it
//! back, and no more may be on the way than is asked for.

mod drain;
mod idle;
mod lost_requests;
mod outstanding;
mod poll;
mod receive;
mod request;
mod stale_requests;
mod status;
mod unreadable_scan;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::Subscriber;
use futures_util::{Stream, StreamExt as _};
use tokio::task::coop::has_budget_remaining;
use tokio::time::Instant;

use self::idle::Idle;
use self::lost_requests::LostRequests;
use self::outstanding::Outstanding;
use self::stale_requests::StaleRequests;
use self::unreadable_scan::UnreadableScan;
use crate::subject::Subject;
use crate::transport::nats::codec::subject::subject_of;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::consumer::receipt::Receipts;
use crate::transport::nats::consumer::settle::Deliverer;
use crate::transport::{
    AckPolicy, ApiError, ConsumerConfig, Denial, DeniedAction, Fault, Incoming, PollInto, Reach,
};

/// Wait before a consumer that did not answer is asked again.
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
    /// Maximum number of messages that are asked for and not yielded.
    room: usize,
    /// Messages that were asked for and have not been yielded.
    outstanding: Outstanding,
    lost: LostRequests,
    /// Messages that were asked for before that was given up, and may come all the same.
    stale: StaleRequests,
    asking: Option<Asking>,
    /// A look whether the consumer is still there, after nobody answered for it.
    looking: Option<Looking>,
    scan: UnreadableScan,
    idle: Idle,
    /// Time at which messages were asked for last.
    asked: Option<Instant>,
    /// Resolves when the connection has come back: the server may have forgotten what was asked.
    reconnected: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Resolves when the server does not allow the requests, or the inbox.
    denied: Pin<Box<dyn Future<Output = Denial> + Send>>,
    ended: bool,
    /// `true` if a heartbeat has come since [`has_heard`](Self::has_heard) was called last.
    heard: bool,
    /// Number of messages that were still pending on the server, with the last that came.
    pending: u64,
    /// `true` if the consumer is to be asked for one more, since it may be stuck.
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

    /// Opens the pull of a consumer without acks.
    pub(crate) async fn of_unsettled(
        nats: &Nats,
        stream: &str,
        config: ConsumerConfig,
        prefetch: usize,
    ) -> Result<Self, Fault> {
        Self::of(nats, stream, config, prefetch, false).await
    }

    /// Name of its consumer.
    pub(crate) fn consumer(&self) -> &str {
        &self.deliverer.config.name
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
        let next = nats.shared.api_subject(format_args!("CONSUMER.MSG.NEXT.{stream}.{consumer}"));
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

    /// Returns `true` if an ack is one of all messages before it.
    pub(crate) fn acks_all(&self) -> bool {
        self.deliverer.settled && self.deliverer.config.acks == AckPolicy::All
    }

    /// Returns `true` if a heartbeat has come since the last call.
    pub(crate) fn has_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// Number of deliveries, with the message that was yielded last.
    pub(crate) fn number(&self) -> u64 {
        self.reach.number
    }

    /// Sets the number of deliveries before the first that is to come.
    pub(crate) fn begin_behind(&mut self, number: u64) {
        self.reach = Reach::behind(number);
    }

    /// Number and sequence of the last deliveries.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    /// Sets the maximum number of messages that are on the way, or here and not yielded.
    pub(crate) fn set_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Returns `true` if messages may be on their way or here that were asked for.
    pub(crate) fn expects(&self) -> bool {
        self.outstanding.messages() > 0 || self.stale.messages > 0
    }

    /// Returns `true` if nothing is to be done but to take what has come. What else there may be to
    /// do makes itself felt by messages that do not come: it can wait until none is here.
    fn is_flowing(&self) -> bool {
        let is_quiet = !self.ended && !self.idle.is_paused() && !self.scan.has_found();
        is_quiet && self.asking.is_none() && !self.is_short()
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
                // A task that has had its turn is told nothing of what is here (tokio's budget).
                Poll::Pending if !has_budget_remaining() => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
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
