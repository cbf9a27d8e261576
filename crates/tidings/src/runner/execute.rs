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

use self::permit::{Health, Place};
use super::in_flight::Ledger;
use super::settle::Concluded;
use crate::context::{Context, Matter, Workplace};
use crate::handler::{Desk, Dispatch, Dispatching, empty_desk};
use crate::jitter::FAR;
use crate::link::Link;
use crate::message::{Declaration, MessageKind};
use crate::probe::{Listener, Listening, Underway, Work};
use crate::route::{Key, RouteSpec};
use crate::runner::Runner;
use crate::runner::Tally;
use crate::runner::in_flight::ack_floor::Account;
use crate::runner::in_flight::backlog::Taken;
use crate::runner::in_flight::cumulative_ack::Cover;
use crate::runner::settle::first_failure::History;
use crate::runner::settle::give_back_note::GivenBack;
use crate::runner::settle::handler_exit::{Cut, Handled};
use crate::runner::settle::message_set::Remembered;
use crate::runner::settle::policy::Policy;
use crate::runner::settle::progress::Progress;
use crate::runner::settle::reply::{self, Telling, Told};
use crate::runner::status::route_state::{Gate, Trouble};
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
    Begun { desk: Desk, took: Duration },
    /// Its handler has ended.
    Ended { handled: Handled, took: Duration },
    /// What is done about it waits for something.
    Concluding(ReusableBoxFuture<'static, Concluded>),
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
    pub(crate) history: History,
    /// What is settled.
    pub(crate) account: Account,
    pub(crate) given_back: GivenBack,
    /// Has the consumer looked at soon.
    pub(crate) look: Notify,
    /// What is here of its messages.
    pub(crate) ledger: Arc<Ledger>,
    /// How much of a failure askers are told.
    pub(crate) telling: Telling,
    /// Whether an ack covers all messages before its own.
    pub(crate) acks_all: bool,
    pub(crate) link: Link,
    /// What the contexts of its handler have in common.
    pub(crate) place: Arc<Workplace>,
    key: Option<Key>,
    /// Whether messages may wait here for something else than a handler's end.
    strict: bool,
    pub(crate) gate: Arc<Gate>,
    /// Whether a message's first ack is its last, so that the server is to confirm it.
    pub(crate) confirms: bool,
    /// What is put aside and stays in its stream, since the letter refers to it.
    pub(crate) kept: Remembered,
    /// Messages that are given up, while their letters are being stored.
    pub(crate) pending: Remembered,
    /// Tells those that a letter was stored.
    pub(crate) stored: Notify,
    /// What was handled and is perhaps not acknowledged.
    pub(crate) done: Remembered,
    /// How many of its tasks have panicked.
    pub(crate) falls: AtomicU64,
    pub(crate) tally: Arc<Tally>,
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
                history: History::default(),
                account: Account::default(),
                given_back: GivenBack::new(modes.consumers == Topology::Manage),
                look: Notify::new(),
                ledger: Arc::new(Ledger::new(
                    route.ack_every.map(|every| Cover::new(every, route.ack_wait())),
                )),
                telling: if route.tells_errors { Telling::Everything } else { Telling::Reference },
                acks_all: route.ack_every.is_some(),
                place: Arc::new(Workplace { link: link.clone(), stop: runner.stop.clone() }),
                link,
                key: route.key.clone(),
                strict: route.rate.is_some()
                    || route.batch_rule().is_some()
                    || route.ack_every.is_some(),
                gate: Arc::default(),
                confirms: route.ack_every.is_none() && route.retry().attempts() == Some(1),
                kept: Remembered::default(),
                pending: Remembered::default(),
                stored: Notify::new(),
                done: Remembered::default(),
                falls: AtomicU64::default(),
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
    pub(crate) fn came(&self, message: &Matter) -> Underway {
        if self.shared.acks_all {
            self.shared.ledger.cover(|cover| cover.came(message));
        }
        self.shared.begin(message)
    }

    /// The same for one that waits, perhaps for others of its key.
    pub(crate) fn take(&self, message: Arc<Matter>) -> Taken {
        let Shared { key, .. } = &*self.shared;
        // A key that panics is none; the handler's own decoding will say so again.
        let read = |key: &Key| guarded(|| key(&message)).ok().flatten();
        let key = key.as_ref().and_then(read);
        let underway = self.came(&message);
        Taken::new(message, underway, key)
    }

    /// A message that was not written on a sheet.
    pub(crate) fn matter(&self, incoming: Incoming) -> Arc<Matter> {
        Arc::new(Matter::new(&self.shared.place, incoming))
    }

    /// Whether a message is not to be tried again after this delivery.
    pub(crate) fn is_last_attempt(&self, taken: &Taken) -> bool {
        taken.incoming.receipt.is_some() && self.shared.is_last_attempt(taken)
    }

    /// Counts a message that will not be handled; who asked is told.
    pub(crate) async fn leave(&self, incoming: &Incoming) {
        let Shared { tally, link, .. } = &*self.shared;
        tally.left();
        let told = Told::of(&Handled::Aborted, Telling::Reference);
        if let Some(to) = &incoming.reply
            && self.shared.is_asked()
            && tally.refused.allows(self.label(), to)
            && let Err(fault) =
                reply::reply(link, to.clone(), Handled::Aborted, told.as_ref()).await
        {
            tracing::warn!(route = self.label(), %fault, "an asker could not be told");
        }
    }

    /// Handles messages together, in a task of their own; the place is given back when all of them
    /// are settled.
    pub(crate) fn handle_batch(&self, batch: Vec<Taken>, mut place: Place) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let work = AssertUnwindSafe(shared.work_on_all(batch, &mut place));
            if let Err(panic) = work.catch_unwind().await {
                shared.fell(&panic_text(panic));
            }
        });
    }

    /// Goes on with a message in a task of its own; the place is given back when it is settled.
    pub(crate) fn handle(&self, taken: Taken, stage: Stage, mut place: Place) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let work = AssertUnwindSafe(shared.go_on(taken, stage, &mut place.kept));
            match work.catch_unwind().await {
                Ok((health, later)) => {
                    place.health = health;
                    place.defer(later);
                }
                Err(panic) => shared.fell(&panic_text(panic)),
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
        self.shared.gate.failing(Trouble::Feed, now, fault.to_string());
    }

    /// Whether a message is done here: it was put back for another consumer only, the server wrote
    /// it itself, or it is settled.
    #[inline]
    pub(crate) fn passes(&self, message: &Incoming) -> bool {
        // Else its transport has passed it over.
        self.shared.acks_all && self.is_passed_over(message)
            || self.shared.account.is_settled(message)
    }

    fn is_passed_over(&self, message: &Incoming) -> bool {
        let passes = is_for_another(message) || message.is_no_event();
        if passes {
            self.shared.tally.passed().pass_over(message.subject.as_str());
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
    pub(crate) fn begin(&self, incoming: &Incoming) -> Underway {
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
        taken: Taken,
        stage: Stage,
        kept: &mut Option<Duration>,
    ) -> Concluded {
        // The wall's clock: it is how long the machine was busy, also where a test turns tokio's.
        let begun = std::time::Instant::now();
        let (handled, took) = match stage {
            Stage::Fresh => {
                let handled = match &self.dispatch {
                    _ if self.is_over(&taken.incoming) && self.is_done(&taken.incoming).await => {
                        return (Health::Unknown, None);
                    }
                    _ if self.is_spent(&taken.incoming).await => Handled::UsedUp,
                    Dispatching::Each(dispatch) => self.call(&**dispatch, &taken, kept).await,
                    // It is handled with others, in `batch`.
                    Dispatching::Batch(_) => Handled::Aborted,
                };
                (handled, begun.elapsed())
            }
            Stage::Begun { mut desk, took } => {
                let work = poll_fn(|cx| desk.poll(cx));
                let handled = self.guard(work).await.map(Handled::Returned);
                (handled.unwrap_or_else(Cut::into_handled), took + begun.elapsed())
            }
            Stage::Ended { handled, took } => (handled, took),
            Stage::Concluding(mut conclusion) => return poll_fn(|cx| conclusion.poll(cx)).await,
        };
        self.conclude(taken, handled, took).await
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
            || !Box::pin(GivenBack::may_be(&self.link, receipt)).await
    }

    /// Runs the handler, as long as it may.
    async fn call(
        &self,
        dispatch: &dyn Dispatch,
        taken: &Taken,
        kept: &mut Option<Duration>,
    ) -> Handled {
        let cx = Context::new(&taken.incoming);
        let mut desk = empty_desk();
        // Decoding runs the user's code too: a panic there is caught as well.
        let handled = async {
            taken.underway.hold().await;
            let begun = std::time::Instant::now();
            if let Err(error) = dispatch.dispatch(&taken.incoming, cx, &mut desk) {
                *kept = Some(begun.elapsed());
                return Handled::Undecodable(error);
            }
            let outcome = poll_fn(|task| {
                let polled = desk.poll(task);
                kept.get_or_insert_with(|| begun.elapsed());
                polled
            });
            Handled::Returned(outcome.await)
        };
        self.guard(handled).await.unwrap_or_else(Cut::into_handled)
    }

    /// Runs what a user wrote: it may panic, and may not take too long. Meanwhile the teller tells
    /// the server of it.
    pub(crate) async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, Cut> {
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
            done = AssertUnwindSafe(polled).catch_unwind() => done.map_err(Cut::panicked),
            () = self.abort.cancelled() => Err(Cut::Aborted),
            deadline = overdue => Err(Cut::Overdue(deadline)),
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
pub(crate) fn caught<T: From<Handled>>(work: impl FnOnce() -> Poll<T>) -> Poll<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Poll::Ready(Cut::panicked(panic).into_handled().into()))
}
