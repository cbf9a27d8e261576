//! A route's messages that are here: shared by the scheduler, which handles them, and the keep-alive task,
//! which tells the server of them.

pub(super) mod ack_floor;
pub(super) mod backlog;
mod crowding;
pub(super) mod cumulative_ack;
mod keep_alive;
mod lifo_slot;
pub(super) mod progress;
pub(super) mod queued_message;
pub(super) mod shared_pull;
pub(super) mod slots;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use tokio::sync::Notify;
use tokio::time::Instant;

use self::backlog::Backlog;
use self::cumulative_ack::AckWindow;
use self::queued_message::QueuedMessage;
use self::shared_pull::SharedPull;
use self::slots::{InFlightGuard, Slots, TaskSlot};
use crate::context::HandledMessage;
use crate::lock::locked;
use crate::transport::{Pull, Reach};

/// Messages of a route that are here.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    state: Mutex<InFlightState>,
    /// Messages that tasks of their own handle.
    slots: Arc<Slots>,
    /// Wakes the keep-alive task, which sleeps while nothing is here.
    arrived: Notify,
    /// Wakes the audit, which looks seldom while nothing comes.
    audit_resumed: Notify,
    /// `true` if what waits here is given back, since what is handled takes too long.
    crowded: AtomicBool,
}

#[derive(Debug, Default)]
pub(crate) struct InFlightState {
    /// Messages that wait.
    pub(crate) backlog: Backlog,
    /// The message that the scheduler handles itself.
    inline: Option<InlineMessage>,
    /// Window of what an ack may cover, on a route that acknowledges many messages at once.
    pub(crate) window: Option<AckWindow>,
    /// Time at which the server was last told of what is handled and can't be acknowledged yet.
    kept: Option<Instant>,
    /// The pull in which more may have come than the scheduler has taken.
    flow: Option<Arc<SharedPull>>,
    /// Wakes the scheduler, while something waits.
    scheduler: Option<Waker>,
    /// `true` if the keep-alive task is awake.
    awake: bool,
    /// `true` if the audit looks seldom.
    audit_suspended: bool,
    /// `true` if one of them is to be woken by what comes.
    idle: bool,
}

/// A stream's message that the scheduler handles itself, with no look at the clock.
#[derive(Debug)]
struct InlineMessage {
    message: Arc<HandledMessage>,
    /// Times at which the keep-alive task saw it first, and told of it last.
    seen: Option<[Instant; 2]>,
}

impl InFlight {
    /// Makes it for a route. With `window` messages are handled in their order, and acknowledged together.
    pub(crate) fn new(window: Option<AckWindow>) -> Self {
        let mut state = InFlightState::default();
        state.backlog.keep_order(window.is_some());
        state.window = window;
        (state.audit_suspended, state.idle) = (true, true);
        Self { state: Mutex::new(state), ..Self::default() }
    }

    /// Does something with what an ack may cover, if acks cover more than their message.
    pub(crate) fn ack_window<T: Default>(&self, work: impl FnOnce(&mut AckWindow) -> T) -> T {
        self.state().window.as_mut().map(work).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, InFlightState> {
        locked(&self.state)
    }

    /// A message waits from now on.
    pub(crate) fn push(&self, mut queued: QueuedMessage) {
        queued.in_flight = None;
        let mut state = self.state();
        let tells = queued.incoming.settle.is_some();
        state.backlog.push(queued);
        self.notify_arrival(&mut state, tells);
    }

    /// Keeps a message that came too early until then.
    pub(crate) fn defer(&self, mut queued: QueuedMessage, until: Instant) {
        queued.in_flight = None;
        let mut state = self.state();
        let tells = queued.incoming.settle.is_some();
        state.backlog.defer(queued, until);
        self.notify_arrival(&mut state, tells);
    }

    /// The scheduler begins to handle this message itself.
    pub(crate) fn begin_inline(&self, message: Arc<HandledMessage>) {
        let mut state = self.state();
        state.inline = Some(InlineMessage { message, seen: None });
        self.notify_arrival(&mut state, true);
    }

    /// Ends the scheduler's own message, which may go on in a task. Says whether it took so long that others may have
    /// been taken over meanwhile.
    pub(crate) fn end_inline(&self) -> bool {
        self.state().inline.take().is_some_and(|inline| inline.seen.is_some())
    }

    /// A task begins to handle this message; `None` where there is nothing to tell of it.
    pub(crate) fn enter(&self, queued: &QueuedMessage, now: Instant) -> Option<InFlightGuard> {
        queued.incoming.settle.as_ref()?;
        let message = Arc::clone(&queued.incoming);
        let told = queued.told.unwrap_or(now);
        let guard = self.slots.fill(TaskSlot { message, begun: now, told });
        self.notify_arrival(&mut self.state(), true);
        Some(guard)
    }

    /// Sets the pull that the scheduler takes messages from, until [`InFlight::detach`].
    pub(crate) fn attach(&self, flow: Option<Arc<SharedPull>>) {
        self.state().flow = flow;
    }

    pub(crate) fn detach(&self) {
        self.state().flow = None;
    }

    fn notify_arrival(&self, state: &mut InFlightState, tells: bool) {
        if tells && state.idle {
            self.wake_watchers(state);
        }
    }

    #[cold]
    fn wake_watchers(&self, state: &mut InFlightState) {
        state.idle = false;
        if !std::mem::replace(&mut state.awake, true) {
            self.arrived.notify_one();
        }
        if std::mem::take(&mut state.audit_suspended) {
            self.audit_resumed.notify_one();
        }
        lifo_slot::clear();
    }

    /// Resolves when something has come after the audit [was suspended](Self::suspend_audit).
    pub(crate) async fn audit_resumed(&self) {
        self.audit_resumed.notified().await;
    }

    /// Suspends the audit until the next message.
    pub(crate) fn suspend_audit(&self) {
        let mut state = self.state();
        (state.audit_suspended, state.idle) = (true, true);
    }

    /// Number and sequence of the consumer's last deliveries; `None` while none are taken.
    pub(crate) fn reach(&self) -> Option<Reach> {
        self.with_pull(|pull| pull.reach())?
    }

    /// Begins the consumer's deliveries behind this number, up to which all are settled: what comes behind it
    /// is all that is not, unless more has come meanwhile.
    pub(crate) fn begin_behind(&self, number: u64) {
        self.with_pull(|pull| {
            if pull.reach().is_some_and(|reach| reach.number == number) {
                pull.begin_behind(number);
            }
        });
    }

    fn with_pull<T>(&self, work: impl FnOnce(&mut Pull) -> T) -> Option<T> {
        let flow = self.state().flow.clone()?;
        let mut pull = flow.lock();
        pull.as_mut().map(work)
    }

    /// The sequences of what is here and not settled.
    pub(crate) fn unsettled(&self) -> BTreeSet<u64> {
        let state = self.state();
        let table = self.slots.table();
        let slots = table.iter().map(|task| &task.message);
        let inline = state.inline.iter().map(|inline| &inline.message);
        let waiting = state.backlog.all().map(|queued| &queued.incoming);
        let receipts =
            slots.chain(inline).chain(waiting).filter_map(|message| message.receipt.as_ref());
        receipts.map(|receipt| receipt.sequence).collect()
    }
}
