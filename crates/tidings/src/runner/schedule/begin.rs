//! What becomes of the messages that are here: each begins in its turn, here or in a task, and has
//! something to say about its handler when it has ended.

use std::sync::Arc;

use tokio::time::Instant;

use super::Intake;
use crate::context::Matter;
use crate::jitter::FAR;
use crate::probe::Underway;
use crate::runner::Worker;
use crate::runner::execute::Stage;
use crate::runner::execute::inline::Hand;
use crate::runner::execute::permit::{Done, Health, Place};
use crate::runner::in_flight::backlog::Taken;

impl Intake {
    /// Begins what may begin, but no more than what is left of the turn. Says whether nothing is
    /// left, and what comes may begin too.
    pub(crate) fn begin(&mut self, left: &mut usize) -> bool {
        let places = self.places_at_once();
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
    pub(crate) fn handle_now(&mut self) -> bool {
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
    pub(crate) fn end(&mut self, done: Done) {
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
}

/// Begins a message: here, where its handler is so quick that it keeps nobody waiting. What is left
/// is for a task: all of it where the handler is slow, the rest where it waits.
#[inline]
fn begin(
    hand: &mut Hand,
    worker: &Worker,
    message: &Arc<Matter>,
    underway: &Underway,
) -> Result<(Health, bool), Stage> {
    let shared = &worker.shared;
    if worker.passes(message) {
        shared.pass(message);
        return Ok((Health::Unknown, true));
    }
    if hand.is_free(underway) { hand.handle(shared, message) } else { Err(Stage::Fresh) }
}
