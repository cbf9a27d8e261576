//! One route's handler at work: guarded against panics, and bounded in time.

mod batch;
pub(super) mod batch_timer;
pub(super) mod inline;
mod inline_budget;
pub(super) mod permit;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, ReusableBoxFuture};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use self::permit::{Health, Permit};
use super::in_flight::InFlight;
use super::settle::Settled;
use crate::context::{Context, HandledMessage, RouteContext};
use crate::handler::{Dispatch, Dispatching, FutureSlot, empty_slot};
use crate::jitter::FAR;
use crate::link::Link;
use crate::message::{Declaration, MessageKind};
use crate::probe::{Listener, Listening, Span, Work};
use crate::route::{Key, RouteSpec};
use crate::runner::Counters;
use crate::runner::Runner;
use crate::runner::in_flight::ack_floor::AckFloor;
use crate::runner::in_flight::backlog::QueuedMessage;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::in_flight::progress::Progress;
use crate::runner::policy::Policy;
use crate::runner::policy::first_failure::FirstFailures;
use crate::runner::policy::give_back_note::GiveBackNote;
use crate::runner::policy::handler_exit::{HandlerExit, Interruption};
use crate::runner::policy::message_set::MessageSet;
use crate::runner::settle::reply::{self, ErrorDetail, ErrorReply};
use crate::runner::status::route_state::{RouteFault, StateCell};
use crate::said::{guarded, panic_text};
use crate::topology::{Modes, Topology};
use crate::transport::{Fault, Incoming};

/// One route's handler; clones share it.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
}

/// How far a message has come when a task goes on with it.
pub(crate) enum Stage {
    /// It was not begun.
    Fresh,
    /// Its handler waits for something.
    Begun { slot: FutureSlot, took: Duration },
    /// Its handler has ended.
    Ended { handled: HandlerExit, took: Duration },
    /// What is done about it waits for something.
    Concluding(ReusableBoxFuture<'static, Settled>),
}

pub(crate) struct Shared {
    pub(crate) label: String,
    declarations: &'static [&'static Declaration],
    pub(crate) dispatch: Dispatching,
    pub(crate) policy: Policy,
    pub(crate) progress: Progress,
    deadline: Option<Duration>,
    /// The stream of its dead letters, if it has any.
    pub(crate) letters: Option<String>,
    pub(crate) history: FirstFailures,
    /// What is settled.
    pub(crate) ack_floor: AckFloor,
    pub(crate) given_back: GiveBackNote,
    /// Has the consumer looked at soon.
    pub(crate) look: Notify,
    /// What is here of its messages.
    pub(crate) in_flight: Arc<InFlight>,
    /// How much of a failure askers are told.
    pub(crate) telling: ErrorDetail,
    /// Whether an ack covers all messages before its own.
    pub(crate) acks_all: bool,
    pub(crate) link: Link,
    /// What the contexts of its handler have in common.
    pub(crate) route_context: Arc<RouteContext>,
    key: Option<Key>,
    /// Whether messages may wait here for something else than a handler's end.
    strict: bool,
    pub(crate) state: Arc<StateCell>,
    /// Whether a message's first ack is its last, so that the server is to confirm it.
    pub(crate) confirms: bool,
    /// What is put aside and stays in its stream, since the letter refers to it.
    pub(crate) kept: MessageSet,
    /// Messages that are given up, while their letters are being stored.
    pub(crate) pending: MessageSet,
    /// Tells those that a letter was stored.
    pub(crate) stored: Notify,
    /// What was handled and is perhaps not acknowledged.
    pub(crate) done: MessageSet,
    /// How many of its tasks have panicked.
    pub(crate) panics: AtomicU64,
    pub(crate) counters: Arc<Counters>,
    pub(crate) tasks: TaskTracker,
    feeds: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) abort: CancellationToken,
}

impl Worker {
    pub(crate) fn new(
        route: &RouteSpec,
        link: Link,
        runner: &Runner,
        letters: Option<String>,
        modes: Modes,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                label: route.label(),
                declarations: route.declarations,
                dispatch: route.dispatch.clone(),
                policy: Policy { retry: route.retry(), classify: route.classify.clone() },
                progress: Progress {
                    every: route.progress_every().min(FAR),
                    limit: route.progress_limit(),
                },
                deadline: route.deadline,
                letters,
                history: FirstFailures::default(),
                ack_floor: AckFloor::default(),
                given_back: GiveBackNote::new(modes.consumers == Topology::Manage),
                look: Notify::new(),
                in_flight: Arc::new(InFlight::new(
                    route.ack_every.map(|every| AckWindow::new(every, route.ack_wait())),
                )),
                telling: if route.tells_errors {
                    ErrorDetail::Full
                } else {
                    ErrorDetail::Reference
                },
                acks_all: route.ack_every.is_some(),
                route_context: Arc::new(RouteContext {
                    link: link.clone(),
                    stop: runner.stop.clone(),
                }),
                link,
                key: route.key.clone(),
                strict: route.rate.is_some()
                    || route.batch_rule().is_some()
                    || route.ack_every.is_some(),
                state: Arc::default(),
                confirms: route.ack_every.is_none() && route.retry().attempts() == Some(1),
                kept: MessageSet::default(),
                pending: MessageSet::default(),
                stored: Notify::new(),
                done: MessageSet::default(),
                panics: AtomicU64::default(),
                counters: Arc::default(),
                tasks: runner.tasks.clone(),
                feeds: runner.feeds.clone(),
                stop: runner.stop.clone(),
                abort: runner.abort.clone(),
            }),
        }
    }

    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.shared.counters)
    }

    pub(crate) fn state(&self) -> Arc<StateCell> {
        Arc::clone(&self.shared.state)
    }

    pub(crate) fn label(&self) -> &str {
        &self.shared.label
    }

    pub(crate) fn link(&self) -> &Link {
        &self.shared.link
    }

    /// Tells a test's bus that the route listens, on the durable consumer of this stream and name
    /// or on core subscriptions.
    pub(crate) fn listen(&self, durable: Option<(&'static str, &str)>) -> Listener {
        let Shared { label, declarations, link, .. } = &*self.shared;
        link.listen(Listening { route: label, declarations, durable })
    }

    /// As long as this is held, a server may send messages.
    pub(crate) fn feeding(&self) -> TaskTrackerToken {
        self.shared.feeds.token()
    }

    /// Resolves when no new messages are to be taken.
    pub(crate) async fn stopped(&self) {
        self.shared.stop.cancelled().await;
    }

    /// Resolves when handlers are to be dropped.
    pub(crate) async fn aborted(&self) {
        self.shared.abort.cancelled().await;
    }

    /// A message that came: from here on it is known to be here.
    #[inline]
    pub(crate) fn came(&self, message: &HandledMessage) -> Span {
        if self.shared.acks_all {
            self.shared.in_flight.ack_window(|window| window.came(message));
        }
        self.shared.begin(message)
    }

    /// The same for one that waits, perhaps for others of its key.
    pub(crate) fn take(&self, message: Arc<HandledMessage>) -> QueuedMessage {
        let Shared { key, .. } = &*self.shared;
        // A key that panics is none; the handler's own decoding will say so again.
        let read = |key: &Key| guarded(|| key(&message)).ok().flatten();
        let key = key.as_ref().and_then(read);
        let underway = self.came(&message);
        QueuedMessage::new(message, underway, key)
    }

    /// A message that was not written on a sheet.
    pub(crate) fn matter(&self, incoming: Incoming) -> Arc<HandledMessage> {
        Arc::new(HandledMessage::new(&self.shared.route_context, incoming))
    }

    /// Whether a message is not to be tried again after this delivery.
    pub(crate) fn is_last_attempt(&self, queued: &QueuedMessage) -> bool {
        queued.incoming.receipt.is_some() && self.shared.is_last_attempt(queued)
    }

    /// Counts a message that will not be handled; who asked is told.
    pub(crate) async fn leave(&self, incoming: &Incoming) {
        let Shared { counters, link, .. } = &*self.shared;
        counters.left();
        let told = ErrorReply::of(&HandlerExit::Aborted, ErrorDetail::Reference);
        if let Some(to) = &incoming.reply
            && self.shared.is_asked()
            && counters.refused.allows(self.label(), to)
            && let Err(fault) =
                reply::reply(link, to.clone(), HandlerExit::Aborted, told.as_ref()).await
        {
            tracing::warn!(route = self.label(), %fault, "an asker could not be told");
        }
    }

    /// Handles messages together, in a task of their own; the place is given back when all of them
    /// are settled.
    pub(crate) fn handle_batch(&self, batch: Vec<QueuedMessage>, mut permit: Permit) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let work = AssertUnwindSafe(shared.work_on_all(batch, &mut permit));
            if let Err(panic) = work.catch_unwind().await {
                shared.panicked(&panic_text(panic));
            }
        });
    }

    /// Goes on with a message in a task of its own; the place is given back when it is settled.
    pub(crate) fn handle(&self, queued: QueuedMessage, stage: Stage, mut permit: Permit) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let work = AssertUnwindSafe(shared.go_on(queued, stage, &mut permit.kept));
            match work.catch_unwind().await {
                Ok((health, later)) => {
                    permit.health = health;
                    permit.defer(later);
                }
                Err(panic) => shared.panicked(&panic_text(panic)),
            }
        });
    }

    /// What the feed reports: a message that can't be read, or that none come.
    pub(crate) fn feed_fails(&self, fault: Fault) {
        if let Fault::Unreadable(unreadable) = fault {
            return self.set_aside(*unreadable);
        }
        let (route, now) = (self.label(), self.link().transport.now());
        tracing::warn!(route, %fault, "a route's messages do not come");
        self.shared.state.failing(RouteFault::Feed, now, fault.to_string());
    }

    /// Whether a message is done here: it was put back for another consumer only, the server wrote
    /// it itself, or it is settled.
    #[inline]
    pub(crate) fn passes(&self, message: &Incoming) -> bool {
        // Else its transport has passed it over.
        self.shared.acks_all && self.is_passed_over(message)
            || self.shared.ack_floor.is_settled(message)
    }

    fn is_passed_over(&self, message: &Incoming) -> bool {
        let passes = is_for_another(message) || message.is_no_event();
        if passes {
            self.shared.counters.passed().pass_over(message.subject.as_str());
        }
        passes
    }

    /// Whether messages may have to wait for each other.
    pub(crate) fn is_keyed(&self) -> bool {
        self.shared.key.is_some()
    }

    /// Whether messages may wait here for something else than a handler's end.
    pub(crate) fn is_strict(&self) -> bool {
        self.shared.strict
    }

    /// When the server is told of what is here.
    pub(crate) fn progress(&self) -> Progress {
        self.shared.progress
    }
}

impl Shared {
    #[inline]
    pub(crate) fn begin(&self, incoming: &Incoming) -> Span {
        self.link.begin(Work::Handle { declarations: self.declarations, incoming })
    }

    /// Whether somebody waits for an answer.
    pub(crate) fn is_asked(&self) -> bool {
        self.declarations.iter().any(|declaration| declaration.kind == MessageKind::Request)
    }

    /// Handles and settles a message, or what is left of that; `kept` is for how long the handler
    /// kept its thread until it first waited.
    async fn go_on(
        self: &Arc<Self>,
        queued: QueuedMessage,
        stage: Stage,
        kept: &mut Option<Duration>,
    ) -> Settled {
        // The wall's clock: it is how long the machine was busy, also where a test turns tokio's.
        let begun = std::time::Instant::now();
        let (handled, took) = match stage {
            Stage::Fresh => {
                let handled = match &self.dispatch {
                    _ if self.is_over(&queued.incoming) && self.is_done(&queued.incoming).await => {
                        return (Health::Unknown, None);
                    }
                    _ if self.is_spent(&queued.incoming).await => HandlerExit::UsedUp,
                    Dispatching::Each(dispatch) => self.call(&**dispatch, &queued, kept).await,
                    // It is handled with others, in `batch`.
                    Dispatching::Batch(_) => HandlerExit::Aborted,
                };
                (handled, begun.elapsed())
            }
            Stage::Begun { mut slot, took } => {
                let work = poll_fn(|cx| slot.poll(cx));
                let handled = self.guard(work).await.map(HandlerExit::Returned);
                (handled.unwrap_or_else(Interruption::into_handled), took + begun.elapsed())
            }
            Stage::Ended { handled, took } => (handled, took),
            Stage::Concluding(mut conclusion) => return poll_fn(|cx| conclusion.poll(cx)).await,
        };
        self.conclude(queued, handled, took).await
    }

    /// Whether a message is not to be tried any more.
    pub(crate) fn is_used_up(&self, message: &Incoming) -> bool {
        let Incoming { settle, receipt, .. } = message;
        settle.is_some() && receipt.as_ref().is_some_and(|r| self.policy.is_used_up(r.attempt))
    }

    /// Whether a message comes again that its handler is not to get.
    #[inline]
    pub(crate) fn is_over(&self, message: &Incoming) -> bool {
        message.receipt.is_some() && (self.is_used_up(message) || self.is_kept(message))
    }

    /// The same where some deliveries may have been no attempts: those to instances that do not
    /// know the message.
    pub(crate) async fn is_spent(&self, message: &Incoming) -> bool {
        let Some(receipt) = message.receipt.as_ref().filter(|_| self.is_used_up(message)) else {
            return false;
        };
        self.policy.is_used_up(self.history.failures(receipt).saturating_add(1))
            || !Box::pin(GiveBackNote::may_be(&self.link, receipt)).await
    }

    /// Runs the handler, as long as it may.
    async fn call(
        &self,
        dispatch: &dyn Dispatch,
        queued: &QueuedMessage,
        kept: &mut Option<Duration>,
    ) -> HandlerExit {
        let cx = Context::new(&queued.incoming);
        let mut slot = empty_slot();
        // Decoding runs the user's code too: a panic there is caught as well.
        let handled = async {
            queued.underway.hold().await;
            let begun = std::time::Instant::now();
            if let Err(error) = dispatch.dispatch(&queued.incoming, cx, &mut slot) {
                *kept = Some(begun.elapsed());
                return HandlerExit::Undecodable(error);
            }
            let outcome = poll_fn(|task| {
                let polled = slot.poll(task);
                kept.get_or_insert_with(|| begun.elapsed());
                polled
            });
            HandlerExit::Returned(outcome.await)
        };
        self.guard(handled).await.unwrap_or_else(Interruption::into_handled)
    }

    /// Runs what a user wrote: it may panic, and may not take too long. Meanwhile the teller tells
    /// the server of it.
    pub(crate) async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, Interruption> {
        let overdue = async {
            match self.deadline {
                Some(deadline) => {
                    tokio::time::sleep(deadline).await;
                    deadline
                }
                None => std::future::pending().await,
            }
        };
        let mut work = pin!(Some(work));
        let polled = poll_fn(|cx| match work.as_mut().as_pin_mut() {
            Some(work) => work.poll(cx),
            None => Poll::Pending,
        });
        // A timer is only made where the handler does not end at once.
        let ended = tokio::select! {
            biased;
            done = AssertUnwindSafe(polled).catch_unwind() => done.map_err(Interruption::panicked),
            () = self.abort.cancelled() => Err(Interruption::Aborted),
            deadline = overdue => Err(Interruption::Overdue(deadline)),
        };
        // What the handler holds is a user's, and is dropped in the same care.
        if let Err(panic) = guarded(|| work.set(None)) {
            tracing::error!(route = self.label, panic, "a handler panicked when it was dropped");
        }
        ended
    }
}

fn is_for_another(message: &Incoming) -> bool {
    let Incoming { headers, receipt, .. } = message;
    receipt
        .as_ref()
        .is_some_and(|receipt| headers.is_for_another(&receipt.stream, &receipt.consumer))
}

/// Runs what a user wrote, now: it may panic.
pub(crate) fn caught<T: From<HandlerExit>>(work: impl FnOnce() -> Poll<T>) -> Poll<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Poll::Ready(Interruption::panicked(panic).into_handled().into()))
}
