//! One route's handler at work: guarded against panics, bounded in time, and what becomes of its
//! message.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::backlog::Taken;
use super::gate::{Gate, Part};
use super::history::History;
use super::place::{Health, Place};
use super::progress::Progress;
use super::settle::{Attempt, Fate, Policy, Why};
use super::{Runner, Tally, reply};
use crate::context::Context;
use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::envelope::DecodeError;
use crate::handler::{Dispatch, Dispatching};
use crate::jitter::{jittered, random_unit};
use crate::link::Link;
use crate::message::{Declaration, MessageKind, Outcome};
use crate::probe::{End, Listener, Listening, Underway, Work};
use crate::route::{Key, RouteSpec};
use crate::transport::{Fault, Incoming, Settlement};

/// The first and the longest wait before a dead letter that can't be stored is stored again.
const FIRST_STORE: Duration = Duration::from_millis(500);
const MOST_STORE: Duration = Duration::from_secs(30);

/// What became of one message in a handler.
#[derive(Debug)]
pub(super) enum Handled {
    /// The handler returned.
    Returned(Outcome),
    /// The handler panicked, with this text.
    Panicked(String),
    /// The handler was dropped: its deadline, this, has passed.
    Overdue(Duration),
    /// The message never reached the handler.
    Undecodable(DecodeError),
    /// The message never reached the handler: it was delivered more often than it may be tried.
    UsedUp,
    /// The handler was dropped: the shutdown's deadline passed.
    Aborted,
}

/// Why a handler did not return.
#[derive(Debug)]
pub(super) enum Cut {
    Panicked(String),
    Overdue(Duration),
    Aborted,
}

impl Cut {
    pub(super) fn into_handled(self) -> Handled {
        match self {
            Self::Panicked(text) => Handled::Panicked(text),
            Self::Overdue(deadline) => Handled::Overdue(deadline),
            Self::Aborted => Handled::Aborted,
        }
    }
}

impl Handled {
    /// Says what came of a message, and how a stream's was settled.
    fn tell(&self, underway: &Underway, settlement: Option<&Settlement>) {
        match self {
            Self::Returned(outcome) => underway.tell(End::Returned(outcome, settlement)),
            Self::Panicked(text) => underway.tell(End::Panicked(text, settlement)),
            Self::Undecodable(error) => underway.tell(End::Undecodable(error)),
            Self::Overdue(_) | Self::UsedUp => underway.tell(End::Failed(&Why(self), settlement)),
            Self::Aborted => {}
        }
    }

    /// What it says about the handler.
    fn health(&self, fate: Option<&Fate>) -> Health {
        match (self, fate) {
            (Self::Panicked(_) | Self::Overdue(_), _)
            | (Self::Returned(Outcome::Failed(_)), None | Some(Fate::Again(_))) => {
                Health::Ill(Why(self).to_string())
            }
            (
                Self::Returned(Outcome::Failed(_)),
                Some(Fate::Aside(DeadLetterReason::Attempts | DeadLetterReason::Elapsed)),
            ) => Health::Ill(Why(self).to_string()),
            (
                Self::Returned(Outcome::Failed(_))
                | Self::UsedUp
                | Self::Aborted
                | Self::Undecodable(_),
                _,
            ) => Health::Unknown,
            (Self::Returned(_), _) => Health::Well,
        }
    }
}

/// One route's handler; clones share it.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) label: String,
    declarations: &'static [&'static Declaration],
    pub(super) dispatch: Dispatching,
    policy: Policy,
    pub(super) progress: Progress,
    deadline: Option<Duration>,
    /// The stream of its dead letters, if it has any.
    letters: Option<String>,
    history: History,
    pub(super) link: Link,
    key: Option<Key>,
    pub(super) gate: Arc<Gate>,
    tally: Arc<Tally>,
    tasks: TaskTracker,
    feeds: TaskTracker,
    pub(super) stop: CancellationToken,
    abort: CancellationToken,
}

impl Worker {
    pub(crate) fn new(
        route: &RouteSpec,
        link: Link,
        runner: &Runner,
        letters: Option<String>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                label: route.label(),
                declarations: route.declarations,
                dispatch: route.dispatch.clone(),
                policy: Policy { retry: route.retry(), classify: route.classify.clone() },
                progress: Progress { every: route.ack_wait() / 2, limit: route.progress_limit() },
                deadline: route.deadline,
                letters,
                history: History::default(),
                link,
                key: route.key.clone(),
                gate: Arc::default(),
                tally: Arc::default(),
                tasks: runner.tasks.clone(),
                feeds: runner.feeds.clone(),
                stop: runner.stop.clone(),
                abort: runner.abort.clone(),
            }),
        }
    }

    pub(crate) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.shared.tally)
    }

    pub(crate) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.shared.gate)
    }

    pub(super) fn label(&self) -> &str {
        &self.shared.label
    }

    pub(super) fn link(&self) -> &Link {
        &self.shared.link
    }

    /// Tells a test's bus that the route listens, on the durable consumer of this stream and name
    /// or on core subscriptions.
    pub(super) fn listen(&self, durable: Option<(&'static str, &str)>) -> Listener {
        let Shared { label, declarations, link, .. } = &*self.shared;
        link.listen(Listening { route: label, declarations, durable })
    }

    /// As long as this is held, a server may send messages.
    pub(super) fn feeding(&self) -> TaskTrackerToken {
        self.shared.feeds.token()
    }

    /// Resolves when no new messages are to be taken.
    pub(super) async fn stopped(&self) {
        self.shared.stop.cancelled().await;
    }

    /// Resolves when handlers are to be dropped.
    pub(super) async fn aborted(&self) {
        self.shared.abort.cancelled().await;
    }

    /// A message that came: from here on it is known to be here, and its key is known.
    pub(super) fn take(&self, incoming: Incoming) -> Taken {
        let Shared { key, .. } = &*self.shared;
        // A key that panics is none; the handler's own decoding will say so again.
        let read = |key: &Key| catch_unwind(AssertUnwindSafe(|| key(&incoming))).ok().flatten();
        let key = key.as_ref().and_then(read);
        let underway = self.shared.begin(&incoming);
        Taken::new(incoming, underway, key)
    }

    /// Whether a message is not to be tried again after this delivery.
    pub(super) fn is_last_attempt(&self, taken: &Taken) -> bool {
        let receipt = taken.incoming.receipt.as_ref();
        receipt.is_some_and(|receipt| self.shared.policy.is_used_up(receipt.attempt + 1))
    }

    /// Counts a message that will not be handled; who asked is told.
    pub(super) async fn leave(&self, incoming: Incoming) {
        self.shared.tally.left();
        if let Some(to) = incoming.reply
            && self.shared.is_asked()
            && let Err(fault) = reply::reply(&self.shared.link, to, Handled::Aborted).await
        {
            tracing::warn!(route = self.label(), %fault, "an asker could not be told");
        }
    }

    /// Handles messages together, in a task of their own; the place is given back when all of them
    /// are settled.
    pub(super) fn handle_batch(&self, batch: Vec<Taken>, mut place: Place) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move { shared.work_on_all(batch, &mut place).await });
    }

    /// Handles a message in a task of its own; the place is given back when it is settled.
    pub(super) fn handle(&self, taken: Taken, mut place: Place) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move { shared.work(taken, &mut place).await });
    }
}

impl Shared {
    fn begin(&self, incoming: &Incoming) -> Underway {
        self.link.begin(Work::Handle { declarations: self.declarations, incoming })
    }

    /// Whether somebody waits for an answer.
    fn is_asked(&self) -> bool {
        self.declarations.iter().any(|declaration| declaration.kind == MessageKind::Request)
    }

    async fn work(&self, taken: Taken, place: &mut Place) {
        // The wall's clock: it is how long the machine was busy, also where a test turns tokio's.
        let begun = std::time::Instant::now();
        let handled = match &self.dispatch {
            _ if self.is_used_up(&taken) => Handled::UsedUp,
            Dispatching::Each(dispatch) => self.call(&**dispatch, &taken).await,
            // It is handled with others, in `batch`.
            Dispatching::Batch(_) => Handled::Aborted,
        };
        let health = self.conclude(taken, handled, begun.elapsed(), place).await;
        place.health = health;
    }

    /// Whether a message is not to be tried any more.
    pub(super) fn is_used_up(&self, taken: &Taken) -> bool {
        let Incoming { settle, receipt, .. } = &taken.incoming;
        settle.is_some() && receipt.as_ref().is_some_and(|r| self.policy.is_used_up(r.attempt))
    }

    /// Runs the handler, as long as it may.
    async fn call(&self, dispatch: &dyn Dispatch, taken: &Taken) -> Handled {
        let incoming = &taken.incoming;
        let cx = Context::new(self.link.clone(), incoming, self.stop.clone());
        // Decoding runs the user's code too: a panic there is caught as well.
        let handled = async {
            taken.underway.hold().await;
            match dispatch.dispatch(incoming, cx) {
                Ok(outcome) => Handled::Returned(outcome.await),
                Err(error) => Handled::Undecodable(error),
            }
        };
        self.guard(handled, &[taken]).await.unwrap_or_else(Cut::into_handled)
    }

    /// Runs what a user wrote: it may panic, and may not take too long. Meanwhile the server is
    /// told that these messages are in good hands.
    pub(super) async fn guard<T>(
        &self,
        work: impl Future<Output = T>,
        messages: &[&Taken],
    ) -> Result<T, Cut> {
        let overdue = async {
            match self.deadline {
                Some(deadline) => {
                    tokio::time::sleep(deadline).await;
                    deadline
                }
                None => std::future::pending().await,
            }
        };
        // A timer is only made where the handler does not end at once.
        tokio::select! {
            biased;
            done = AssertUnwindSafe(work).catch_unwind() => {
                done.map_err(|panic| Cut::Panicked(text(&*panic)))
            }
            () = self.abort.cancelled() => Err(Cut::Aborted),
            deadline = overdue => Err(Cut::Overdue(deadline)),
            never = self.progress.report(messages) => match never {},
        }
    }

    /// Settles or answers a message that was handled in this way, or keeps it for later; says what
    /// it means for the handler.
    pub(super) async fn conclude(
        &self,
        mut taken: Taken,
        handled: Handled,
        took: Duration,
        place: &mut Place,
    ) -> Health {
        let fate = self.fate(&taken, &handled);
        self.tally.count(&handled, fate.as_ref(), took);
        let health = handled.health(fate.as_ref());
        let sent = match fate {
            Some(Fate::Later(delay)) => {
                handled.tell(&taken.underway, Some(&Settlement::Nak(Some(delay))));
                let underway = self.begin(&taken.incoming);
                place.defer(Taken { underway, ..taken }, delay);
                return health;
            }
            Some(fate) => self.settle(&taken, &handled, fate).await,
            None => self.answer(&taken, handled).await,
        };
        if let Err(fault) = sent {
            let (route, subject) = (&self.label, taken.incoming.subject.as_str());
            tracing::error!(route, subject, %fault, "a handled message could not be settled");
        }
        // Never, but where a test says so.
        if taken.underway.redelivers()
            && let Some(receipt) = &mut taken.incoming.receipt
        {
            receipt.attempt += 1;
            taken.underway = self.begin(&taken.incoming);
            place.defer(taken, Duration::ZERO);
        }
        health
    }

    /// What becomes of a stream's message; `None` for one that is not settled.
    fn fate(&self, taken: &Taken, handled: &Handled) -> Option<Fate> {
        taken.incoming.settle.as_ref()?;
        let receipt = taken.incoming.receipt.as_ref();
        let (number, sequence) = receipt.map_or((1, 0), |r| (r.attempt, r.sequence));
        let fate = self.policy.decide(handled, || {
            let now = self.link.transport.now();
            let first = self.history.first_failure(sequence, now);
            let since_first = now.duration_since(first).unwrap_or_default();
            Attempt { number, since_first, chance: random_unit() }
        });
        let (route, subject) = (&self.label, taken.incoming.subject.as_str());
        let why = Why(handled);
        match &fate {
            Fate::Ack => {}
            Fate::Later(delay) => {
                tracing::debug!(route, subject, ?delay, %why, "a message came too early");
            }
            Fate::Again(delay) => {
                tracing::warn!(route, subject, attempt = number, ?delay, %why, "a message is handled again");
            }
            Fate::Aside(reason) => {
                tracing::error!(route, subject, attempt = number, %reason, %why, "a message is given up");
            }
        }
        Some(fate)
    }

    /// Says what becomes of a stream's message, which is stored elsewhere before it is given up.
    async fn settle(&self, taken: &Taken, handled: &Handled, fate: Fate) -> Result<(), Fault> {
        let Taken { incoming, underway, .. } = taken;
        let Some(settle) = &incoming.settle else { return Ok(()) };
        let settlement = match fate {
            Fate::Ack => Settlement::Ack,
            Fate::Again(wait) => Settlement::Nak(Some(wait).filter(|wait| !wait.is_zero())),
            // It was not given back: it waits here.
            Fate::Later(_) => Settlement::Progress,
            Fate::Aside(reason) => {
                let why = Why(handled).to_string();
                let settlement = Settlement::term(&why);
                if !self.put_aside(taken, reason, why).await {
                    return settle.send(Settlement::Nak(None)).await;
                }
                settlement
            }
        };
        // What was done at the first attempt has never failed.
        if let Some(receipt) = &incoming.receipt
            && (receipt.attempt > 1 || settlement != Settlement::Ack)
            && !matches!(settlement, Settlement::Nak(_))
        {
            self.history.forget(receipt.sequence);
        }
        let settlement = underway.settlement(settlement);
        handled.tell(underway, Some(&settlement));
        settle.send(settlement).await
    }

    /// Stores a message as a dead letter, however long that takes; `false` if the shutdown came
    /// first.
    async fn put_aside(&self, taken: &Taken, reason: DeadLetterReason, error: String) -> bool {
        let Some(letters) = &self.letters else { return true };
        let receipt = taken.incoming.receipt.as_ref();
        let now = self.link.transport.now();
        let first = receipt.map(|receipt| self.history.first_failure(receipt.sequence, now));
        let attempts = receipt.map_or(1, |receipt| receipt.attempt);
        let cause = Cause { reason, error, attempts, first_failed_at: first, last_failed_at: now };
        let storing = async {
            let mut pause = FIRST_STORE;
            while let Err(fault) =
                dead_letter::store(&self.link, letters, &taken.incoming, &cause).await
            {
                let error = format!("dead letter in `{letters}`: {fault}");
                tracing::error!(route = self.label, error, "a dead letter can't be stored");
                self.gate.failing(Part::Letters, self.link.transport.now(), error);
                tokio::time::sleep(jittered(pause)).await;
                pause = (pause * 2).min(MOST_STORE);
            }
            self.gate.well(Part::Letters);
        };
        // As long as it is not stored the original stays, and in nobody else's hands.
        let mut storing = pin!(storing);
        let (unlimited, one) = (Progress { limit: Duration::MAX, ..self.progress }, [taken]);
        tokio::select! {
            biased;
            () = &mut storing => true,
            () = self.abort.cancelled() => false,
            never = unlimited.report(&one) => match never {},
        }
    }

    /// Answers who asked; logs what nobody asked for.
    async fn answer(&self, taken: &Taken, handled: Handled) -> Result<(), Fault> {
        handled.tell(&taken.underway, None);
        reply::report(&self.label, &handled);
        match &taken.incoming.reply {
            Some(to) if self.is_asked() => reply::reply(&self.link, to.clone(), handled).await,
            // An event's reply subject is its publisher's, who waits for a stream's ack.
            _ => Ok(()),
        }
    }
}

/// What a panic says.
fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without text".to_owned())
}
