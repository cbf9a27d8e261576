//! What feeds a route's handler: takes messages while there is room, and begins them while they
//! may begin.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Worker;
use super::backlog::Taken;
use super::circuit::Circuit;
use super::cover::Cover;
use super::feed::{Feed, Halt};
use super::gate::Trouble;
use super::hand::Hand;
use super::ledger::Ledger;
use super::pace::Pace;
use super::place::{Done, FAR, Health, Place};
use super::sheet::Sheet;
use super::worker::Stage;
use crate::context::Matter;
use crate::probe::{Listener, Underway};
use crate::route::{BatchRule, RouteSpec};
use crate::transport::Incoming;

/// How many messages are begun before other tasks have their turn.
const AT_ONCE: usize = 64;

/// How many messages may wait here beside those that are handled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    pub(crate) usual: usize,
    /// While the handler is so quick that they hardly wait.
    pub(crate) quick: usize,
}

impl Ahead {
    pub(crate) fn same(usual: usize) -> Self {
        Self { usual, quick: usual }
    }
}

/// What is here of one route's messages.
pub(crate) struct Intake {
    pub(super) worker: Worker,
    concurrency: usize,
    /// What makes a batch, on a route of batches.
    batch: Option<BatchRule>,
    /// How many messages may be handled at a time, and how many may wait beside them.
    at_a_time: usize,
    ahead: Ahead,
    pub(super) ledger: Arc<Ledger>,
    /// What the next message is written on.
    sheet: Sheet,
    /// What handles a message here, without a task of its own.
    hand: Hand,
    /// How many handlers run in tasks, and how many messages they have.
    pub(super) running: usize,
    handled: usize,
    /// Whether no more messages are to come.
    pub(super) ends: bool,
    pace: Option<Pace>,
    circuit: Circuit,
    /// Until when nothing begins: the handler keeps failing.
    pub(super) open: Option<Instant>,
    done: (mpsc::UnboundedSender<Done>, mpsc::UnboundedReceiver<Done>),
    /// Whether anything came since it was asked last.
    delivered: bool,
    /// Rings when something is due, and when that is.
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Intake {
    pub(crate) fn new(worker: Worker, route: &RouteSpec, ahead: Ahead) -> Self {
        let ledger = Arc::clone(&worker.shared.ledger);
        let sheet = Sheet::new(&worker.shared.place);
        Self {
            worker,
            concurrency: route.concurrency,
            batch: route.batch_rule(),
            at_a_time: route.at_a_time(),
            ahead,
            ledger,
            sheet,
            hand: Hand::default(),
            running: 0,
            handled: 0,
            ends: false,
            pace: route.rate.map(Pace::new),
            circuit: Circuit::new(route.breaker.clone()),
            open: None,
            done: mpsc::unbounded_channel(),
            delivered: false,
            timer: None,
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
        let halt = poll_fn(|cx| {
            // First: a feed that always has something must not keep them waiting.
            if stopped.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Halt::Stopped);
            }
            if paused.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Halt::Paused);
            }
            self.poll_turn(cx, Some((feed, listener)))
        });
        halt.await
    }

    /// Waits for something else, while what is here goes on.
    pub(super) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => {
                let _ = self.poll_turn(cx, None);
                Poll::Pending
            }
        })
        .await
    }

    /// Does all that can be done now: ends what was handled, takes what comes where there is room,
    /// begins what may begin. Whatever makes more of it possible wakes the task; `Ready` is why no
    /// more can come.
    pub(super) fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
        source: Option<(&mut Feed, &Listener)>,
    ) -> Poll<Halt> {
        let polled = self.poll_steps(cx, source);
        // What the last message held is not kept until the next one comes.
        self.sheet.wipe();
        self.hand.rest(&self.worker.shared);
        polled
    }

    fn poll_steps(
        &mut self,
        cx: &mut Context<'_>,
        mut source: Option<(&mut Feed, &Listener)>,
    ) -> Poll<Halt> {
        let mut left = AT_ONCE;
        // Whether what comes next may begin as it comes.
        let mut is_clear = false;
        loop {
            if !is_clear && source.is_some() && self.is_broken() {
                return Poll::Ready(Halt::Broken);
            }
            is_clear = is_clear || self.begin(&mut left);
            // What no stream keeps goes to other instances meanwhile; a stream's waits.
            if let (Some(until), Some((Feed::Core(_), _))) = (self.open, &source)
                && !self.ends
            {
                return Poll::Ready(Halt::Open(until));
            }
            if left == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.poll_done(cx) {
                is_clear = false;
                continue;
            }
            if let Some((feed, listener)) = &mut source {
                let room = if is_clear { self.places() } else { self.room() };
                if (room > 0 || feed.expects())
                    && let Some(blank) = self.sheet.blank()
                {
                    let gate = &self.worker.shared.gate;
                    match listener.attend(cx, |cx| feed.poll_next(cx, room, gate, blank)) {
                        Poll::Ready(Some(Ok(()))) if is_clear => {
                            left -= 1;
                            is_clear = self.handle_now();
                            continue;
                        }
                        Poll::Ready(Some(next)) => {
                            match next {
                                Ok(()) => self.put(Arc::clone(self.sheet.message())),
                                Err(fault) => self.worker.feed_fails(fault),
                            }
                            is_clear = false;
                            continue;
                        }
                        Poll::Ready(None) => return Poll::Ready(Halt::Dry),
                        Poll::Pending => {}
                    }
                }
            }
            if !self.poll_timer(cx, source.is_some()) {
                self.acknowledge();
                return Poll::Pending;
            }
            is_clear = false;
        }
    }

    /// Acknowledges what is handled, where that is done for many messages at once.
    pub(super) fn acknowledge(&self) {
        let shared = &self.worker.shared;
        if shared.acks_all {
            shared.acknowledge_all(self.ledger.cover(Cover::due));
        }
    }

    /// Whether others have messages, so that none may be acknowledged for all before it.
    fn is_broken(&self) -> bool {
        self.worker.shared.acks_all && self.ledger.cover(|cover| cover.is_broken(Instant::now))
    }

    /// Whether a handler has ended in its task.
    fn poll_done(&mut self, cx: &mut Context<'_>) -> bool {
        if self.running == 0 {
            return false;
        }
        match self.done.1.poll_recv(cx) {
            Poll::Ready(Some(done)) => {
                self.end(done);
                true
            }
            _ => false,
        }
    }

    /// Whether something is due that nobody else says.
    fn poll_timer(&mut self, cx: &mut Context<'_>, takes: bool) -> bool {
        let Some(wake) = self.wake(takes) else { return false };
        let (due, sleep) = self.timer.get_or_insert_with(|| (wake, Box::pin(sleep_until(wake))));
        if *due != wake {
            *due = wake;
            sleep.as_mut().reset(wake);
        }
        let rings = sleep.as_mut().poll(cx).is_ready();
        if rings {
            self.timer = None;
        }
        rings
    }

    /// Whether a message is here that is not begun.
    pub(super) fn has_waiting(&self) -> bool {
        !self.ledger.held().backlog.is_empty()
    }

    /// How many of those may begin when there is room.
    pub(super) fn waiting(&self) -> usize {
        self.ledger.held().backlog.waiting()
    }

    /// A message that came, and waits.
    pub(super) fn take(&mut self, incoming: Incoming) {
        self.put(self.worker.matter(incoming));
    }

    fn put(&mut self, message: Arc<Matter>) {
        self.hear();
        let taken = self.worker.take(message);
        self.ledger.push(taken);
    }

    /// Messages come.
    fn hear(&mut self) {
        self.delivered = true;
        self.worker.shared.gate.well(Trouble::Feed);
    }

    /// Begins what may begin, but no more than what is left of the turn. Says whether nothing is
    /// left, and what comes may begin too.
    fn begin(&mut self, left: &mut usize) -> bool {
        let places = if self.circuit.is_probing() { 1 } else { self.concurrency };
        if self.open.is_some_and(|until| until <= Instant::now()) {
            self.open = None;
        }
        while self.running < places && self.open.is_none() && *left > 0 {
            if self.pace.as_ref().is_some_and(|pace| pace.wait(Instant::now()).is_some()) {
                return false;
            }
            let Some(messages) = self.begin_next() else {
                let is_empty = self.ledger.held().backlog.is_empty();
                let is_plain =
                    self.pace.is_none() && self.batch.is_none() && !self.worker.is_keyed();
                return is_empty && is_plain;
            };
            *left -= 1;
            if let Some(pace) = &mut self.pace {
                pace.begin(Instant::now(), messages);
            }
        }
        false
    }

    /// Begins one message, or a batch; gives how many messages that are.
    fn begin_next(&mut self) -> Option<usize> {
        let mut held = self.ledger.held();
        if held.backlog.due().is_some() {
            held.backlog.recall(Instant::now());
        }
        match self.batch {
            None => {
                let taken = held.backlog.next()?;
                drop(held);
                let _ = self.handle(taken);
                Some(1)
            }
            Some(rule) => {
                let now = Instant::now();
                let mut batch = held.backlog.next_batch(rule, now, self.ends);
                drop(held);
                let messages = batch.len();
                if messages == 0 {
                    return None;
                }
                for taken in &mut batch {
                    taken.entry = self.ledger.enter(taken, now);
                }
                let place = self.place(messages, None);
                self.worker.handle_batch(batch, place);
                Some(messages)
            }
        }
    }

    /// Begins the message that has just come, since none waits. Says whether it is done, and nothing
    /// else has come meanwhile.
    fn handle_now(&mut self) -> bool {
        self.hear();
        let message = self.sheet.message();
        let underway = self.worker.came(message);
        match begin(&mut self.hand, &self.worker, message, &underway) {
            Ok((health, alone)) => self.handled_here(health, alone),
            Err(stage) => {
                let taken = Taken::new(Arc::clone(message), underway, None);
                self.go_on(taken, stage)
            }
        }
    }

    /// Begins a message that has waited, in the same way.
    fn handle(&mut self, taken: Taken) -> bool {
        match begin(&mut self.hand, &self.worker, &taken.incoming, &taken.underway) {
            Ok((health, alone)) => {
                if let Some(key) = taken.key {
                    self.ledger.held().backlog.release(key);
                }
                self.handled_here(health, alone)
            }
            Err(stage) => self.go_on(taken, stage),
        }
    }

    fn handled_here(&mut self, health: Health, alone: bool) -> bool {
        if health != Health::Well || !self.circuit.is_closed() {
            self.heed(health);
        }
        alone && self.open.is_none() && !self.circuit.is_probing()
    }

    /// Goes on with a message in a task of its own.
    fn go_on(&mut self, mut taken: Taken, stage: Stage) -> bool {
        taken.entry = self.ledger.enter(&taken, Instant::now());
        // What was handled before it does not wait for it.
        self.acknowledge();
        let place = self.place(1, taken.key);
        self.worker.handle(taken, stage, place);
        false
    }

    fn place(&mut self, messages: usize, key: Option<u64>) -> Place {
        self.running += 1;
        self.handled += messages;
        Place::new(self.done.0.clone(), key, messages)
    }

    /// A message was handled, or a batch.
    fn end(&mut self, done: Done) {
        self.running -= 1;
        self.handled -= done.messages;
        if let Some(key) = done.key {
            self.ledger.held().backlog.release(key);
        }
        for (taken, until) in done.deferred {
            self.ledger.defer(taken, until);
        }
        if let Some(kept) = done.kept {
            self.hand.learn(kept);
        }
        self.heed(done.health);
    }

    /// What a message says about the handler.
    fn heed(&mut self, health: Health) {
        match health {
            // What was begun before it opened is no probe.
            _ if self.open.is_some() => {}
            Health::Unknown => {}
            Health::Well => {
                if self.circuit.is_probing() {
                    self.worker.shared.gate.open(None);
                }
                self.circuit.succeeded();
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
        self.places().saturating_sub(self.ledger.held().backlog.waiting())
    }

    /// The same where none waits.
    fn places(&self) -> usize {
        let ahead = self.hand.ahead(self.ahead);
        let most = if self.circuit.is_probing() { 1 } else { self.at_a_time.saturating_add(ahead) };
        most.saturating_sub(self.handled)
    }

    /// When there is something to do that nobody else says.
    fn wake(&self, takes: bool) -> Option<Instant> {
        let held = self.ledger.held();
        let has_places = self.running < self.concurrency && held.backlog.waiting() > 0;
        let pace = self.pace.as_ref().filter(|_| has_places);
        let pace = pace.and_then(|pace| pace.wait(Instant::now()));
        let may_begin = has_places && pace.is_none() && self.open.is_none();
        let batch = self.batch.filter(|_| may_begin);
        let batch = batch.and_then(|rule| held.backlog.batch_due(rule));
        let missing = held.cover.as_ref().filter(|_| takes).and_then(Cover::until);
        [held.backlog.due(), pace, batch, missing, self.open].into_iter().flatten().min()
    }
}

/// Begins a message: here, where its handler is so quick that it keeps nobody waiting. What is left
/// is for a task: all of it where the handler is slow, the rest where it waits.
fn begin(
    hand: &mut Hand,
    worker: &Worker,
    message: &Arc<Matter>,
    underway: &Underway,
) -> Result<(Health, bool), Stage> {
    let shared = &worker.shared;
    if worker.passes(message) {
        let due = shared.ledger.cover(|cover| cover.handled(message));
        shared.acknowledge_all(due);
        return Ok((Health::Unknown, true));
    }
    if hand.is_free(underway) { hand.handle(shared, message) } else { Err(Stage::Fresh) }
}
