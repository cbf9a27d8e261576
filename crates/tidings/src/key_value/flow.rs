//! The flow behind a watch: all that a bucket has, then what becomes of it, and each gap told.

mod judge;
mod known;
mod look;
mod open;
mod told;
mod unreadable;

use std::collections::VecDeque;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, Sleep, sleep};

use self::known::Known;
use self::look::{Looking, Searching};
use self::open::{Opened, open};
use super::store::Store;
use crate::backoff::Backoff;
use crate::header::Headers;
use crate::jitter::jittered;
use crate::prefetch::Prefetch;
use crate::subject::Subject;
use crate::transport::{
    ConnectionStatus, DeliverFrom, Extent, Fault, Identity, Incoming, StoredHeaders, StoredMessage,
    StreamBounds,
};

/// Time between looks whether something is gone that no message told of.
const CHECK: Duration = Duration::from_secs(5);
/// Time without a message after which a flow looks whether any of the bucket's values is still to come.
const STALL: Duration = Duration::from_secs(1);
/// The waits before the bucket is opened again, where that was of no use.
const REOPEN: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// Item of a flow.
#[derive(Debug)]
pub(crate) enum Step {
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
pub(crate) enum Start {
    Values,
    History,
    Updates,
}

type Opening = Pin<Box<dyn Future<Output = Result<Opened, Fault>> + Send>>;

enum State {
    Opening(Opening),
    Reading(Box<Opened>),
    /// Looking for the message that breaks the connection, which was lost again and again.
    Searching(Searching),
    Ended,
}

/// Progress of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Some of what the bucket had is still to be told.
    Initial,
    /// Some is still to be told, and nothing came since the last look.
    Stalled,
    /// Changes are told.
    Current,
}

pub(crate) struct Flow {
    store: Store,
    filter: Subject,
    start: Start,
    extent: Extent,
    state: State,
    steps: VecDeque<Step>,
    phase: Phase,
    /// `true` if all keys are told, and not only some.
    is_whole: bool,
    /// `true` if something may have been missed, and that is still to be told.
    is_gap: bool,
    is_gone: bool,
    tries: u32,
    /// Number of times that the connection was lost since all was told.
    losses: u32,
    /// Stream that was read before a message that no client can read: what is behind that is to be of the same one.
    identity: Option<Identity>,
    last: u64,
    known: Known,
    prefetch: Prefetch,
    timer: Pin<Box<Sleep>>,
    looking: Option<Looking>,
    /// Result of the last look.
    before: Option<StreamBounds>,
}

impl Flow {
    /// Opens a bucket that must be there.
    pub(crate) async fn open(
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
            losses: 0,
            identity: None,
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
        let before = self.identity.take().filter(|_| !self.is_gap);
        if before.is_some_and(|id| opened.identity.as_ref().is_some_and(|now| *now != id)) {
            return self.resynchronise();
        }
        if mem::take(&mut self.is_gap) {
            self.steps.push_back(Step::Resynchronised);
        }
        self.is_gone = false;
        if self.is_initial() {
            self.phase = Phase::Initial;
        }
        let all = opened.ordered.begun_with();
        if self.is_initial() && all == 0 {
            self.become_current();
        }
        self.known.expect(all);
        self.state = State::Reading(Box::new(opened));
        self.set_timer();
    }

    fn is_initial(&self) -> bool {
        self.phase != Phase::Current
    }

    fn become_current(&mut self) {
        (self.phase, self.tries, self.losses) = (Phase::Current, 0, 0);
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
        // A watch of updates alone does not know which values it has told: all of them follow.
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
    pub(crate) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
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
                State::Searching(searching) => match ready!(searching.poll_unpin(cx)) {
                    Ok(Some(message)) => self.pass(message),
                    // The next loss asks again.
                    Ok(None) | Err(_) => self.resynchronise(),
                },
                State::Reading(opened) => {
                    let mut incoming = Incoming::default();
                    let next = opened.ordered.poll_into(cx, &mut incoming);
                    if opened.ordered.interruptions() > 0 {
                        self.interrupted();
                        continue;
                    }
                    match next {
                        Poll::Ready(Some(Ok(()))) => {
                            if let Some(step) = self.take(&mut incoming) {
                                return Poll::Ready(Some(step));
                            }
                        }
                        Poll::Ready(Some(Err(fault))) => self.failed(fault),
                        Poll::Ready(None) if self.is_closed() => self.state = State::Ended,
                        Poll::Ready(None) => self.resynchronise(),
                        // A task that has had its turn is told nothing of what is here (tokio's budget): its next one tells.
                        Poll::Pending if !has_budget_remaining() => {
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
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

    fn take(&mut self, incoming: &mut Incoming) -> Option<Step> {
        let State::Reading(opened) = &mut self.state else { return None };
        if let Some(room) = self.prefetch.takes(incoming.payload.len()) {
            opened.ordered.set_room(room);
        }
        let receipt = incoming.receipt.take()?;
        self.last = receipt.sequence;
        if self.phase == Phase::Stalled {
            self.phase = Phase::Initial;
        }
        // What a bucket's message is depends on its other headers; to read the id alone costs more than all else.
        let headers = match mem::take(&mut incoming.headers) {
            plain if plain.is_plain() => Headers::new(),
            headers => headers.into_headers(),
        };
        let message = StoredMessage {
            subject: mem::replace(&mut incoming.subject, Subject::from_static("")),
            sequence: receipt.sequence,
            stored_at: receipt.stored_at,
            headers: StoredHeaders::Read(headers),
            payload: mem::take(&mut incoming.payload),
        };
        let stays = opened.keeps(&message);
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
            Fault::Unreadable(unreadable) => self.pass(unreadable.message),
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
                if !mem::replace(&mut self.is_gone, true) {
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
}
