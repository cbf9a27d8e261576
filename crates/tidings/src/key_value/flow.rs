//! The flow behind a watch: all that a bucket has, then what becomes of it, and each gap told.

mod known;

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, Sleep, sleep};

use self::known::Known;
use super::entry::{RemovalReason, is_removed, removal_of};
use super::store::Store;
use crate::backoff::Backoff;
use crate::jitter::jittered;
use crate::prefetch::Prefetch;
use crate::subject::Subject;
use crate::transport::{
    ApiError, ConnectionStatus, DeliverFrom, Extent, Fault, Identity, Incoming, Ordered,
    StoredHeaders, StoredMessage, StreamBounds,
};

/// How often it is looked whether something is gone that nobody told.
const CHECK: Duration = Duration::from_secs(5);
/// How soon it is looked whether anything is still to come, while what the bucket has comes.
const STALL: Duration = Duration::from_secs(1);
/// The waits before the bucket is opened again, where that was of no use.
const REOPEN: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// Item of a flow.
#[derive(Debug)]
pub(super) enum Step {
    Message(StoredMessage),
    /// All that the bucket had is told.
    Current,
    /// Something may have been missed: all that the bucket has follows.
    Resynchronised,
    Failed(Fault),
    /// The bucket is gone; it is waited for.
    Gone,
}

/// Start of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Values,
    History,
    Updates,
}

/// A bucket that is read.
pub(super) struct Opened {
    ordered: Ordered,
    /// Which stream it is; `None` where that may not be asked.
    identity: Option<Identity>,
    /// Whether values go without a word: nothing is wrong then where one is gone.
    is_silent: bool,
    /// Whether a purge is forgotten after a time.
    forgets: bool,
}

type Opening = Pin<Box<dyn Future<Output = Result<Opened, Fault>> + Send>>;

enum State {
    Opening(Opening),
    Reading(Box<Opened>),
    Ended,
}

/// Result of a look at the bucket.
enum Look {
    /// So many of its messages are still to come.
    Undelivered(u64),
    Bounds(Option<StreamBounds>),
    /// The server can't be asked now.
    Unknown,
}

/// How far a flow has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not all is told that the bucket had.
    Initial,
    /// So it is, and nothing came since the last look.
    Stalled,
    /// Changes are told.
    Current,
}

pub(super) struct Flow {
    store: Store,
    filter: Subject,
    start: Start,
    extent: Extent,
    state: State,
    steps: VecDeque<Step>,
    phase: Phase,
    /// Whether all keys are told, and not only some.
    is_whole: bool,
    /// Whether something may have been missed, and that is still to be told.
    is_gap: bool,
    is_gone: bool,
    tries: u32,
    last: u64,
    known: Known,
    prefetch: Prefetch,
    timer: Pin<Box<Sleep>>,
    looking: Option<Pin<Box<dyn Future<Output = Look> + Send>>>,
    /// Result of the last look.
    before: Option<StreamBounds>,
}

impl Flow {
    /// Opens a bucket that must be there.
    pub(super) async fn open(
        store: Store,
        filter: Subject,
        start: Start,
        extent: Extent,
    ) -> Result<Self, Fault> {
        let from = match start {
            Start::Values => DeliverFrom::LastPerSubject,
            Start::History => DeliverFrom::Beginning,
            Start::Updates => DeliverFrom::New,
        };
        let opened = open(store.clone(), filter.clone(), from, extent).await?;
        let is_whole = start != Start::Updates && filter.as_str() == store.all().as_str();
        let mut flow = Self {
            store,
            filter,
            start,
            extent,
            state: State::Ended,
            steps: VecDeque::new(),
            phase: Phase::Initial,
            is_whole,
            is_gap: false,
            is_gone: false,
            tries: 0,
            last: 0,
            known: Known::default(),
            prefetch: Prefetch::new(u64::MAX, Duration::MAX),
            timer: Box::pin(sleep(STALL)),
            looking: None,
            before: None,
        };
        flow.begin(opened);
        Ok(flow)
    }

    fn begin(&mut self, opened: Opened) {
        if std::mem::take(&mut self.is_gap) {
            self.steps.push_back(Step::Resynchronised);
        }
        self.is_gone = false;
        if self.is_initial() && opened.ordered.begun_with() == 0 {
            self.become_current();
        }
        self.state = State::Reading(Box::new(opened));
        self.set_timer();
    }

    fn is_initial(&self) -> bool {
        self.phase != Phase::Current
    }

    fn become_current(&mut self) {
        (self.phase, self.tries) = (Phase::Current, 0);
        self.steps.push_back(Step::Current);
    }

    fn set_timer(&mut self) {
        let wait = if self.is_initial() { STALL } else { CHECK };
        self.timer.as_mut().reset(Instant::now() + jittered(wait));
        self.looking = None;
    }

    /// Begins anew with all that the bucket has: something may have been missed.
    fn resynchronise(&mut self) {
        (self.is_gap, self.phase) = (true, Phase::Initial);
        self.is_whole = self.filter.as_str() == self.store.all().as_str();
        self.known.clear();
        (self.last, self.before) = (0, None);
        // Of what was to be told from then on alone it is not known what was told.
        self.reopen(match self.start {
            Start::History => DeliverFrom::Beginning,
            Start::Values | Start::Updates => DeliverFrom::LastPerSubject,
        });
    }

    fn reopen(&mut self, from: DeliverFrom) {
        let pause = match self.tries {
            0 => Duration::ZERO,
            tries => jittered(REOPEN.after(tries.into())),
        };
        self.tries = self.tries.saturating_add(1);
        let (store, filter, extent) = (self.store.clone(), self.filter.clone(), self.extent);
        self.state = State::Opening(Box::pin(async move {
            sleep(pause).await;
            open(store, filter, from, extent).await
        }));
        self.looking = None;
    }

    /// The next of what becomes of the bucket; `None` once the bus is closed.
    pub(super) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Poll::Ready(Some(step));
            }
            match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Opening(opening) => match ready!(opening.poll_unpin(cx)) {
                    Ok(opened) => self.begin(opened),
                    Err(fault) => self.not_opened(fault),
                },
                State::Reading(opened) => {
                    let mut incoming = Incoming::default();
                    let next = opened.ordered.poll_into(cx, &mut incoming);
                    if opened.ordered.interruptions() > 0 {
                        self.resynchronise();
                        continue;
                    }
                    match next {
                        Poll::Ready(Some(Ok(()))) => {
                            if let Some(step) = self.take(incoming) {
                                return Poll::Ready(Some(step));
                            }
                        }
                        Poll::Ready(Some(Err(fault))) => self.failed(fault),
                        Poll::Ready(None) if self.is_closed() => self.state = State::Ended,
                        Poll::Ready(None) => self.resynchronise(),
                        Poll::Pending => {
                            self.prefetch.waits();
                            ready!(self.poll_look(cx));
                        }
                    }
                }
            }
        }
    }

    fn is_closed(&self) -> bool {
        self.store.link.transport.state().status == ConnectionStatus::Closed
    }

    fn take(&mut self, mut incoming: Incoming) -> Option<Step> {
        let State::Reading(opened) = &mut self.state else { return None };
        if let Some(room) = self.prefetch.takes(incoming.payload.len()) {
            opened.ordered.set_room(room);
        }
        let receipt = incoming.receipt.take()?;
        self.last = receipt.sequence;
        if self.phase == Phase::Stalled {
            self.phase = Phase::Initial;
        }
        let message = StoredMessage {
            subject: incoming.subject,
            sequence: receipt.sequence,
            stored_at: receipt.stored_at,
            headers: StoredHeaders::Read(incoming.headers.into_headers()),
            payload: incoming.payload,
        };
        let stays = !opened.is_silent && stays(&message, opened.forgets);
        self.known.tell(message.subject.as_str(), message.sequence, stays);
        if self.is_initial() && receipt.pending == 0 {
            self.become_current();
            self.set_timer();
        }
        Some(Step::Message(message))
    }

    fn failed(&mut self, fault: Fault) {
        match fault {
            Fault::Closed => self.state = State::Ended,
            Fault::Unreadable(unreadable) => {
                let message = unreadable.message;
                let behind = message.sequence + 1;
                self.known.tell(message.subject.as_str(), message.sequence, true);
                self.last = message.sequence;
                self.steps.push_back(Step::Message(message));
                self.reopen(DeliverFrom::Sequence(behind));
            }
            Fault::Denied(_) => self.steps.push_back(Step::Failed(fault)),
            fault => {
                let bucket = self.store.bucket();
                tracing::debug!(bucket, %fault, "a watch begins anew");
                self.resynchronise();
            }
        }
    }

    fn not_opened(&mut self, fault: Fault) {
        match fault {
            Fault::Closed => {
                self.state = State::Ended;
                return;
            }
            Fault::Api(error) if error.is_not_found() => {
                if !std::mem::replace(&mut self.is_gone, true) {
                    self.steps.push_back(Step::Gone);
                }
            }
            Fault::Denied(_) => self.steps.push_back(Step::Failed(fault)),
            fault => {
                let bucket = self.store.bucket();
                tracing::warn!(bucket, %fault, "a watch can't go on; it is tried again");
            }
        }
        self.resynchronise();
    }

    /// Looks from time to time whether all is as it was told.
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.looking.is_none() {
            ready!(self.timer.as_mut().poll(cx));
            self.looking = Some(self.look());
        }
        let Some(looking) = &mut self.looking else { return Poll::Pending };
        let look = ready!(looking.poll_unpin(cx));
        self.set_timer();
        self.judge(look);
        Poll::Ready(())
    }

    fn look(&self) -> Pin<Box<dyn Future<Output = Look> + Send>> {
        if let (true, State::Reading(opened)) = (self.is_initial(), &self.state) {
            let undelivered = opened.ordered.undelivered();
            return Box::pin(
                async move { undelivered.await.map_or(Look::Unknown, Look::Undelivered) },
            );
        }
        let store = self.store.clone();
        Box::pin(async move {
            let bounds = store.link.transport.stream_bounds(store.stream()).await;
            bounds.map_or(Look::Unknown, Look::Bounds)
        })
    }

    fn judge(&mut self, look: Look) {
        let State::Reading(opened) = &self.state else { return };
        match look {
            Look::Unknown => {}
            Look::Undelivered(left) => match self.phase {
                Phase::Current => {}
                _ if left == 0 => self.become_current(),
                Phase::Initial => self.phase = Phase::Stalled,
                // The server may say that one is to come, and deliver none (2.15).
                Phase::Stalled => self.resynchronise(),
            },
            Look::Bounds(None) => self.resynchronise(),
            Look::Bounds(Some(bounds)) => {
                let is_another = opened.identity.as_ref().is_some_and(|id| *id != bounds.identity);
                // What is on its way is not told yet: then it is judged by the look before.
                let judged =
                    if self.last >= bounds.last { Some(&bounds) } else { self.before.as_ref() };
                let misses = judged.is_some_and(|judged| self.known.misses(judged, self.is_whole));
                if is_another || misses {
                    self.resynchronise();
                } else {
                    self.before = Some(bounds);
                }
            }
        }
    }
}

/// Whether a message stays where it is until another of its key comes.
fn stays(message: &StoredMessage, forgets: bool) -> bool {
    if !is_removed(message) {
        return true;
    }
    let StoredHeaders::Read(headers) = &message.headers else { return true };
    let is_timed = headers.get(crate::header::TTL).is_some();
    let is_forgotten = forgets && removal_of(headers) == Some(RemovalReason::Purged);
    !is_timed && !is_forgotten
}

async fn open(
    store: Store,
    filter: Subject,
    from: DeliverFrom,
    extent: Extent,
) -> Result<Opened, Fault> {
    let (transport, stream) = (&store.link.transport, store.stream());
    let not_found = || ApiError::stream_not_found("stream not found");
    // Before it is read: what is another stream by then is noticed at the first look.
    let (identity, config) = match transport.stream_bounds(stream).await {
        Err(Fault::Denied(_)) => (None, None),
        bounds => {
            let bounds = bounds?.ok_or_else(not_found)?;
            (Some(bounds.identity), transport.stream(stream).await?)
        }
    };
    let ordered = transport.ordered(stream, filter, from, extent).await?;
    let marks = |config: &crate::stream::StreamConfig| config.subject_delete_marker_ttl.is_some();
    let expires =
        |config: &crate::stream::StreamConfig| config.max_age.is_some() || config.allow_message_ttl;
    Ok(Opened {
        ordered,
        identity,
        is_silent: config.as_ref().is_none_or(|config| expires(config) && !marks(config)),
        forgets: config.as_ref().is_some_and(|config| config.max_age.is_some()),
    })
}
