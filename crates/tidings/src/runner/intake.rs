//! What feeds a route's handler: takes messages while there is room, and begins them while they
//! may begin.

use std::pin::pin;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Worker;
use super::at_work::AtWork;
use super::backlog::Backlog;
use super::circuit::Circuit;
use super::feed::{Feed, Halt};
use super::gate::Trouble;
use super::pace::Pace;
use super::place::{Done, FAR, Health, Place};
use super::progress::Progress;
use crate::probe::Listener;
use crate::route::{BatchRule, RouteSpec};
use crate::transport::{Fault, Incoming, Settlement};

/// What is here of one route's messages.
pub(crate) struct Intake {
    pub(super) worker: Worker,
    concurrency: usize,
    /// What makes a batch, on a route of batches.
    batch: Option<BatchRule>,
    /// How many messages may be here, handled or waiting.
    most: usize,
    pub(super) backlog: Backlog,
    /// How many handlers run, and how many messages they have.
    pub(super) running: usize,
    handled: usize,
    /// Whether no more messages are to come.
    pub(super) ends: bool,
    pace: Option<Pace>,
    circuit: Circuit,
    /// Until when nothing begins: the handler keeps failing.
    pub(super) open: Option<Instant>,
    pub(super) done: (mpsc::UnboundedSender<Done>, mpsc::UnboundedReceiver<Done>),
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
    pub(super) fn begin(&mut self) {
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
    pub(super) fn end(&mut self, done: Done) {
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
    pub(super) fn room(&self) -> usize {
        let most = if self.circuit.is_probing() { 1 } else { self.most };
        most.saturating_sub(self.handled + self.backlog.waiting())
    }

    /// When there is something to do that nobody else says.
    pub(super) fn wake(&self) -> Option<Instant> {
        let now = Instant::now();
        let has_places = self.running < self.concurrency && self.backlog.waiting() > 0;
        let pace = self.pace.as_ref().filter(|_| has_places).and_then(|pace| pace.wait(now));
        let may_begin = has_places && pace.is_none() && self.open.is_none();
        let batch = self.batch.filter(|_| may_begin);
        let batch = batch.and_then(|rule| self.backlog.batch_due(rule));
        [self.backlog.due(), pace, batch, self.tell, self.open].into_iter().flatten().min()
    }

    /// Tells the server of what is here, so that it does not come again meanwhile.
    pub(super) async fn tell_server(&mut self) {
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

pub(super) async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
