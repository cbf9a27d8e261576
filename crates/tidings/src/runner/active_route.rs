//! A route that is running: its settings, its state, and what of its messages is here.

mod message_check;
mod task;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::in_flight::InFlight;
use super::in_flight::ack_floor::AckFloor;
use super::in_flight::cumulative_ack::AckWindow;
use super::in_flight::progress::Progress;
use super::in_flight::queued_message::QueuedMessage;
use super::policy::Policy;
use super::policy::first_failure::FirstFailures;
use super::policy::give_back_note::GiveBackNote;
use super::policy::message_set::MessageSet;
use super::status::counters::Counters;
use super::status::route_state::StateCell;
use crate::claim_check::refers;
use crate::context::{HandledMessage, RouteContext};
use crate::handler::Dispatching;
use crate::jitter::FAR;
use crate::link::Link;
use crate::message::{Declaration, MessageKind, may_be_large};
use crate::probe::{Listener, Listening, Span, Work};
use crate::route::{Key, RouteSpec};
use crate::topology::{Modes, Topology};
use crate::traces::RouteSpans;
use crate::transport::Incoming;
use crate::user_code::guarded;

/// Handles that track the tasks of a registry and tell them to end.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    /// The loops that feed the routes, and the handlers that are running.
    pub(crate) tasks: TaskTracker,
    /// Subscriptions and consumers that may still bring messages.
    pub(crate) feeds: TaskTracker,
    /// No new messages.
    pub(crate) stop: CancellationToken,
    /// Time is over for handlers too.
    pub(crate) abort: CancellationToken,
}

/// Part of a failure that whoever asked is told, where the handler does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorDetail {
    /// A reference to the log.
    Reference,
    /// The whole failure, with all sources.
    Full,
}

/// A route that is running.
pub(crate) struct ActiveRoute {
    pub(crate) label: String,
    pub(crate) declarations: &'static [&'static Declaration],
    pub(crate) dispatch: Dispatching,
    /// Spans of its handler.
    pub(crate) spans: RouteSpans,
    pub(crate) policy: Policy,
    pub(crate) progress: Progress,
    pub(crate) deadline: Option<Duration>,
    /// The stream of its dead letters, if it has any.
    pub(crate) letters: Option<String>,
    pub(crate) history: FirstFailures,
    /// Messages that are known to be settled.
    pub(crate) ack_floor: AckFloor,
    pub(crate) given_back: GiveBackNote,
    /// Has the consumer looked at soon.
    pub(crate) look: Notify,
    /// Messages that are here.
    pub(crate) in_flight: Arc<InFlight>,
    /// Part of a failure that askers are told.
    pub(crate) telling: ErrorDetail,
    /// `true` if an ack covers all messages before its own.
    pub(crate) acks_all: bool,
    pub(crate) link: Link,
    /// Context that all of its handler's calls share.
    pub(crate) route_context: Arc<RouteContext>,
    key: Option<Key>,
    /// `true` if messages may wait here for something else than a handler's end.
    strict: bool,
    pub(crate) state: Arc<StateCell>,
    /// `true` if a message's first ack is its last, so that the server is to confirm it.
    pub(crate) confirms: bool,
    /// Number of attempts at a message that the scheduler itself may make: none where even the
    /// first is one too many.
    pub(crate) attempts_inline: u64,
    /// Number of attempts up to which a message is handled inline where its payload may be an object, which only a task can
    /// read: of those whose payload is none, which the scheduler finds out by a look at each.
    attempts_inline_if_small: Option<u64>,
    /// Messages that are put aside and stay in their stream, since their letters refer to them.
    pub(crate) kept: MessageSet,
    /// Messages that are given up, while their letters are being stored.
    pub(crate) pending: MessageSet,
    /// Tells those that a letter was stored.
    pub(crate) stored: Notify,
    /// Messages that were handled and are perhaps not acknowledged.
    pub(crate) done: MessageSet,
    /// Number of its tasks' panics.
    pub(crate) panics: AtomicU64,
    pub(crate) counters: Arc<Counters>,
    pub(crate) lifecycle: Lifecycle,
}

impl ActiveRoute {
    pub(crate) fn new(
        route: &RouteSpec,
        link: Link,
        lifecycle: &Lifecycle,
        letters: Option<String>,
        modes: Modes,
        group: Option<String>,
    ) -> Arc<Self> {
        let is_large = may_be_large(route.declarations);
        let attempts_inline = route.retry().attempts().map_or(1, |attempts| attempts.min(1));
        Arc::new(Self {
            spans: RouteSpans::new(&link.traces, route.declarations, &route.label(), group),
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
            telling: if route.tells_errors { ErrorDetail::Full } else { ErrorDetail::Reference },
            acks_all: route.ack_every.is_some(),
            route_context: Arc::new(RouteContext {
                link: link.clone(),
                stop: lifecycle.stop.clone(),
            }),
            link,
            key: route.key.clone(),
            strict: route.rate.is_some()
                || route.batch_rule().is_some()
                || route.ack_every.is_some(),
            state: Arc::default(),
            confirms: route.ack_every.is_none() && route.retry().attempts() == Some(1),
            attempts_inline: if is_large { 0 } else { attempts_inline },
            attempts_inline_if_small: is_large.then_some(attempts_inline),
            kept: MessageSet::default(),
            pending: MessageSet::default(),
            stored: Notify::new(),
            done: MessageSet::default(),
            panics: AtomicU64::default(),
            counters: Arc::default(),
            lifecycle: lifecycle.clone(),
        })
    }

    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    pub(crate) fn state(&self) -> Arc<StateCell> {
        Arc::clone(&self.state)
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Tells a test's bus that the route listens, on the durable consumer of this stream and name
    /// or on core subscriptions.
    pub(crate) fn listen(&self, durable: Option<(&'static str, &str)>) -> Listener {
        let Self { label, declarations, link, .. } = self;
        link.listen(Listening { route: label, declarations, durable })
    }

    /// A token: as long as it is held, a server may send messages.
    pub(crate) fn feeding(&self) -> TaskTrackerToken {
        self.lifecycle.feeds.token()
    }

    /// Resolves when no new messages are to be taken.
    pub(crate) async fn stopped(&self) {
        self.lifecycle.stop.cancelled().await;
    }

    /// Resolves when handlers are to be dropped.
    pub(crate) async fn aborted(&self) {
        self.lifecycle.abort.cancelled().await;
    }

    /// A message that register: from here on it is known to be here.
    #[inline]
    pub(crate) fn register(&self, message: &HandledMessage) -> Span {
        if self.acks_all {
            self.in_flight.ack_window(|window| window.add(message));
        }
        self.begin(message)
    }

    /// Registers a message that waits, perhaps for others of its key.
    pub(crate) fn take(&self, message: Arc<HandledMessage>) -> QueuedMessage {
        let Self { key, .. } = self;
        // A key that panics is none; the handler's own decoding will say so again.
        let read = |key: &Key| guarded(|| key(&message)).ok().flatten();
        let key = key.as_ref().and_then(read);
        let span = self.register(&message);
        QueuedMessage::new(message, span, key)
    }

    /// A message that was not written into the buffer.
    pub(crate) fn message(&self, incoming: Incoming) -> Arc<HandledMessage> {
        Arc::new(HandledMessage::new(&self.route_context, incoming))
    }

    /// Returns `true` if messages may have to wait for each other.
    pub(crate) fn is_keyed(&self) -> bool {
        self.key.is_some()
    }

    /// Returns `true` if messages may wait here for something else than a handler's end.
    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Intervals at which the server is told of what is here.
    pub(crate) fn progress(&self) -> Progress {
        self.progress
    }

    #[inline]
    pub(crate) fn begin(&self, incoming: &Incoming) -> Span {
        self.link.begin(Work::Handle { declarations: self.declarations, incoming })
    }

    /// Returns `true` if the scheduler itself may make an attempt all the same: it is the first at a message
    /// that might be large, and is not.
    #[cold]
    pub(crate) fn is_small(&self, message: &Incoming) -> bool {
        let attempt = message.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
        let may = self.attempts_inline_if_small.is_some_and(|attempts| attempt <= attempts);
        may && !refers(message)
    }

    /// Returns `true` if the payload of a message may be an object.
    pub(crate) fn may_be_large(&self) -> bool {
        self.attempts_inline_if_small.is_some()
    }

    /// Returns `true` if somebody waits for an answer.
    pub(crate) fn is_asked(&self) -> bool {
        self.declarations.iter().any(|declaration| declaration.kind == MessageKind::Request)
    }
}
