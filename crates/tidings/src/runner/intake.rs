//! What feeds a route's handler: takes messages while there is room, and begins them while they
//! may begin.

use std::future::poll_fn;
use std::pin::pin;

use futures_util::stream::SelectAll;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::Worker;
use super::at_work::AtWork;
use super::backlog::{Backlog, Taken};
use super::circuit::Circuit;
use super::gate::{Gate, Trouble};
use super::pace::Pace;
use super::place::{Done, FAR, Health, Place};
use super::progress::Progress;
use crate::probe::Listener;
use crate::route::{BatchRule, RouteSpec};
use crate::transport::{Fault, Inbox, Incoming, Pull, Settlement};

/// Where messages come from.
#[expect(clippy::large_enum_variant, reason = "one for each route, and it never moves")]
pub(super) enum Feed {
    Core(SelectAll<Inbox>),
    Durable(Pull),
}

impl Feed {
    async fn next(&mut self, room: usize, gate: &Gate) -> Option<Result<Incoming, Fault>> {
        match self {
            Self::Core(inboxes) => inboxes.next().await,
            Self::Durable(pull) => {
                pull.set_room(room);
                poll_fn(|cx| {
                    let next = pull.poll_next_unpin(cx);
                    // An idle consumer that is there again has no message to show for it.
                    if pull.has_heard() {
                        gate.well(Trouble::Feed);
                    }
                    next
                })
                .await
            }
        }
    }

    /// Whether messages may be on their way that were asked for when there was more room: the
    /// server is to be told that they are here.
    fn expects(&self) -> bool {
        matches!(self, Self::Durable(pull) if pull.expects())
    }
}

/// Why no more messages are taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The registry ends.
    Stopped,
    /// The route was paused.
    Paused,
    /// Its handler keeps failing: it pauses until then.
    Open(Instant),
    /// The feed has ended.
    Dry,
}

/// What is here of one route's messages.
pub(crate) struct Intake {
    worker: Worker,
    concurrency: usize,
    /// What makes a batch, on a route of batches.
    batch: Option<BatchRule>,
    /// How many messages may be here, handled or waiting.
    most: usize,
    backlog: Backlog,
    /// How many handlers run, and how many messages they have.
    running: usize,
    handled: usize,
    /// Whether no more messages are to come.
    ends: bool,
    pace: Option<Pace>,
    circuit: Circuit,
    /// Until when nothing begins: the handler keeps failing.
    open: Option<Instant>,
    done: (mpsc::UnboundedSender<Done>, mpsc::UnboundedReceiver<Done>),
    /// What is being handled of a stream's messages.
    at_work: AtWork,
    /// When the server is told next of what is here; `None` while it needs no telling.
    tell: Option<Instant>,
    /// Whether anything came since it was asked last.
    delivered: bool,
}

impl Intake {
    pub(crate) fn new(worker: Worker, route: &RouteSpec, ahead: usize) -> Self {
        Self {
            worker,
            concurrency: route.concurrency,
            batch: route.batch_rule(),
            most: route.at_a_time().saturating_add(ahead),
            backlog: Backlog::default(),
            running: 0,
            handled: 0,
            ends: false,
            pace: route.rate.map(Pace::new),
            circuit: Circuit::new(route.breaker.clone()),
            open: None,
            done: mpsc::unbounded_channel(),
            at_work: AtWork::default(),
            tell: None,
            delivered: false,
        }
    }

    pub(super) fn worker(&self) -> &Worker {
        &self.worker
    }

    /// Whether anything came since the last call.
    pub(super) fn has_delivered(&mut self) -> bool {
        std::mem::take(&mut self.delivered)
    }

    /// Takes and handles messages until there is a reason not to.
    pub(super) async fn run(&mut self, feed: &mut Feed, listener: &Listener) -> Halt {
        let (worker, gate) = (self.worker.clone(), self.worker.gate());
        let mut stopped = pin!(worker.stopped());
        let mut paused = pin!(gate.is_paused(true));
        loop {
            self.begin();
            // First: a feed that always has something must not keep it waiting.
            self.tell_server().await;
            // What no stream keeps goes to other instances meanwhile; a stream's waits.
            if let (Some(until), Feed::Core(_)) = (self.open, &feed) {
                return Halt::Open(until);
            }
            let (room, wake) = (self.room(), self.wake());
            tokio::select! {
                biased;
                () = &mut stopped => return Halt::Stopped,
                () = &mut paused => return Halt::Paused,
                Some(done) = self.done.1.recv() => self.end(done),
                next = listener.attend(feed.next(room, &gate)), if room > 0 || feed.expects() => match next {
                    Some(next) => self.take(next),
                    None => return Halt::Dry,
                },
                () = until(wake) => self.tell_server().await,
            }
        }
    }

    /// Handles what the feed still has and what is here, and waits for the last handler; ends
    /// early where handlers are to be dropped.
    pub(super) async fn finish(&mut self, feed: &mut Feed, listener: &Listener) {
        let (worker, gate) = (self.worker.clone(), self.worker.gate());
        let mut aborted = pin!(worker.aborted());
        let mut stopped = pin!(worker.stopped());
        let (mut is_dry, mut is_stopped) = (false, false);
        self.ends = true;
        while !is_dry || self.running > 0 || self.backlog.waiting() > 0 {
            if is_stopped {
                // No stream keeps it: tried in spite of an open circuit it may be handled.
                self.open = None;
            }
            self.begin();
            let (room, wake) = (self.room(), self.wake());
            tokio::select! {
                biased;
                () = &mut aborted => return,
                () = &mut stopped, if !is_stopped => is_stopped = true,
                Some(done) = self.done.1.recv() => self.end(done),
                next = listener.attend(feed.next(room, &gate)), if room > 0 && !is_dry => match next {
                    Some(next) => self.take(next),
                    None => is_dry = true,
                },
                () = until(wake) => self.tell_server().await,
            }
        }
        self.ends = false;
    }

    /// Leaves what is here and what the feed has at hand; gives how many those are.
    pub(super) async fn leave(&mut self, mut feed: Feed) -> u64 {
        let mut left = 0;
        for taken in self.backlog.drain() {
            left += 1;
            self.worker.leave(taken.incoming).await;
        }
        let gate = self.worker.gate();
        while let Some(Some(next)) = unconstrained(feed.next(1, &gate)).now_or_never() {
            if let Ok(incoming) = next {
                left += 1;
                self.worker.leave(incoming).await;
            }
        }
        left
    }

    /// Gives a stream's messages back that were not begun, and waits for the last handler.
    ///
    /// One that has no further attempt is handled here, also in spite of an open circuit or before
    /// its time: given back it would count as tried, and be put aside.
    pub(super) async fn give_back(&mut self) -> Result<(), Fault> {
        let worker = self.worker.clone();
        let mut aborted = pin!(worker.aborted());
        let mut is_aborted = false;
        let mut given_back = Ok(());
        self.ends = true;
        let (last, waiting): (Vec<_>, Vec<_>) =
            self.backlog.drain().into_iter().partition(|taken| self.worker.is_last_attempt(taken));
        for taken in last {
            self.backlog.push(taken);
        }
        give_back(waiting, &mut given_back).await;
        loop {
            self.open = None;
            self.begin();
            if self.running == 0 && self.backlog.is_empty() {
                self.ends = false;
                return given_back;
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                () = &mut aborted, if !is_aborted => is_aborted = true,
                Some(done) = self.done.1.recv() => self.end(done),
                () = until(wake) => self.tell_server().await,
            }
            // It came too early again, or there is no more time.
            let late =
                if is_aborted { self.backlog.drain() } else { self.backlog.drain_deferred() };
            give_back(late, &mut given_back).await;
        }
    }

    /// Whether a message is here that is not begun.
    pub(super) fn has_waiting(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// A message that came, or what the feed reports.
    pub(super) fn take(&mut self, next: Result<Incoming, Fault>) {
        match next {
            Ok(incoming) => {
                self.delivered = true;
                self.worker.shared.gate.well(Trouble::Feed);
                self.backlog.push(self.worker.take(incoming));
            }
            Err(Fault::Unreadable(unreadable)) => self.worker.set_aside(*unreadable),
            Err(fault) => {
                let (route, now) = (self.worker.label(), self.worker.link().transport.now());
                tracing::warn!(route, %fault, "a route's messages do not come");
                self.worker.shared.gate.failing(Trouble::Feed, now, fault.to_string());
            }
        }
    }

    /// Begins what may begin.
    fn begin(&mut self) {
        let places = if self.circuit.is_probing() { 1 } else { self.concurrency };
        let now = Instant::now();
        self.open = self.open.filter(|until| *until > now);
        self.backlog.recall(now);
        while self.running < places
            && self.open.is_none()
            && self.pace.as_ref().is_none_or(|pace| pace.wait(now).is_none())
            && let Some(messages) = self.begin_next(now)
        {
            if let Some(pace) = &mut self.pace {
                pace.begin(now, messages);
            }
            self.running += 1;
            self.handled += messages;
        }
        // What is here longer than a moment is told of, from now on.
        if self.backlog.is_empty() && self.at_work.is_empty() {
            self.tell = None;
        } else if self.tell.is_none() {
            self.tell = Some(now + self.worker.shared.progress.every / 2);
        }
    }

    /// Begins one message, or a batch; gives how many messages that are.
    fn begin_next(&mut self, now: Instant) -> Option<usize> {
        match self.batch {
            None => {
                let taken = self.backlog.next()?;
                let work = self.at_work.begin(std::slice::from_ref(&taken), now);
                let place = Place::new(self.done.0.clone(), work, taken.key, 1);
                self.worker.handle(taken, place);
                Some(1)
            }
            Some(rule) => {
                let batch = self.backlog.next_batch(rule, now, self.ends);
                let messages = batch.len();
                if messages == 0 {
                    return None;
                }
                let work = self.at_work.begin(&batch, now);
                let place = Place::new(self.done.0.clone(), work, None, messages);
                self.worker.handle_batch(batch, place);
                Some(messages)
            }
        }
    }

    /// A message was handled, or a batch.
    fn end(&mut self, done: Done) {
        self.running -= 1;
        self.handled -= done.messages;
        self.at_work.end(done.work);
        if let Some(key) = done.key {
            self.backlog.release(key);
        }
        for (taken, until) in done.deferred {
            self.backlog.defer(taken, until);
        }
        match done.health {
            // What was begun before it opened is no probe.
            _ if self.open.is_some() => {}
            Health::Unknown => {}
            Health::Well => {
                self.circuit.succeeded();
                self.worker.shared.gate.open(None);
            }
            Health::Ill(error) => {
                if let Some(pause) = self.circuit.failed() {
                    let route = self.worker.label();
                    tracing::error!(
                        route,
                        ?pause,
                        error,
                        "a handler keeps failing; its route pauses"
                    );
                    let pause = pause.min(FAR);
                    let until = self.worker.link().transport.now() + pause;
                    self.worker.shared.gate.open(Some((until, error)));
                    self.open = Some(Instant::now() + pause);
                }
            }
        }
    }

    /// How many messages may still be taken.
    fn room(&self) -> usize {
        let most = if self.circuit.is_probing() { 1 } else { self.most };
        most.saturating_sub(self.handled + self.backlog.waiting())
    }

    /// When there is something to do that nobody else says.
    fn wake(&self) -> Option<Instant> {
        let now = Instant::now();
        let has_places = self.running < self.concurrency && self.backlog.waiting() > 0;
        let pace = self.pace.as_ref().filter(|_| has_places).and_then(|pace| pace.wait(now));
        let may_begin = has_places && pace.is_none() && self.open.is_none();
        let batch = self.batch.filter(|_| may_begin);
        let batch = batch.and_then(|rule| self.backlog.batch_due(rule));
        [self.backlog.due(), pace, batch, self.tell, self.open].into_iter().flatten().min()
    }

    /// Tells the server of what is here, so that it does not come again meanwhile.
    async fn tell_server(&mut self) {
        let now = Instant::now();
        if self.tell.is_none_or(|tell| tell > now) {
            return;
        }
        let Progress { every, limit } = self.worker.shared.progress;
        let half = every / 2;
        self.tell = now.checked_add(half);
        let Some(before) = now.checked_sub(half) else { return };
        let mut told = self.at_work.tell(before, now, limit).await;
        for taken in self.backlog.untold(before) {
            if let (Ok(()), Some(settle)) = (&told, &taken.incoming.settle) {
                told = settle.send(Settlement::Progress).await;
                taken.told = now;
            }
        }
        if let Err(fault) = told {
            let route = self.worker.label();
            tracing::debug!(route, %fault, "the server can't be told of what is here");
        }
    }

    /// Waits for something else, while what is here goes on.
    pub(super) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            self.begin();
            let wake = self.wake();
            tokio::select! {
                biased;
                done = &mut work => return done,
                Some(done) = self.done.1.recv() => self.end(done),
                () = until(wake) => self.tell_server().await,
            }
        }
    }
}

/// Gives messages back, unless that failed before: where one can't be given back, the next can't
/// either.
async fn give_back(messages: Vec<Taken>, given_back: &mut Result<(), Fault>) {
    for taken in messages {
        if let (Ok(()), Some(settle)) = (&given_back, &taken.incoming.settle) {
            let early = taken.due.and_then(|due| due.checked_duration_since(Instant::now()));
            *given_back = settle.send(Settlement::Nak(early.filter(|time| !time.is_zero()))).await;
        }
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
