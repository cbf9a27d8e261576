//! Beginning messages that are here: each begins in its turn, here or in a task, and has
//! something to say about its handler when it has ended.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Scheduler;
use crate::jitter::FAR;
use crate::runner::active_route::ActiveRoute;
use crate::runner::execute::inline::InlineExecutor;
use crate::runner::execute::permit::{Permit, Released};
use crate::runner::execute::stage::Stage;
use crate::runner::execute::{handle, handle_batch};
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::disposition::Health;
use crate::runner::settle::acknowledge::pass;

impl Scheduler {
    /// Begins what may begin, but no more than what is left of the turn. Says whether nothing is
    /// left, and what comes may begin too.
    pub(crate) fn begin(&mut self, left: &mut usize) -> bool {
        let handlers = self.handlers_at_once();
        if self.open.is_some_and(|until| until <= Instant::now()) {
            self.open = None;
        }
        while self.running < handlers && self.open.is_none() && *left > 0 {
            if self
                .rate_limit
                .as_ref()
                .is_some_and(|rate_limit| rate_limit.wait(Instant::now()).is_some())
            {
                return false;
            }
            let Some(messages) = self.begin_next() else {
                let is_empty = self.in_flight.state().backlog.is_empty();
                let is_plain =
                    self.rate_limit.is_none() && self.batch.is_none() && !self.route.is_keyed();
                let is_usual = self.circuit.is_closed() && !self.route.ack_floor.carries();
                return is_empty && is_plain && is_usual;
            };
            *left -= 1;
            if let Some(rate_limit) = &mut self.rate_limit {
                rate_limit.begin(Instant::now(), messages);
            }
        }
        false
    }

    /// Begins one message, or a batch; gives how many messages that are.
    fn begin_next(&mut self) -> Option<usize> {
        let mut held = self.in_flight.state();
        if held.backlog.due().is_some() {
            held.backlog.promote_due(Instant::now());
        }
        match self.batch {
            None => {
                let queued = held.backlog.next()?;
                drop(held);
                let _ = self.handle(queued);
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
                for queued in &mut batch {
                    queued.in_flight = self.in_flight.enter(queued, now);
                }
                let permit = self.permit(messages, None);
                handle_batch(&self.route, batch, permit);
                Some(messages)
            }
        }
    }

    /// Begins a message that has waited, in the same way.
    fn handle(&mut self, mut queued: QueuedMessage) -> bool {
        match begin(&mut self.inline, &self.route, &mut queued) {
            Ok((health, alone)) => {
                if let Some(key) = queued.key {
                    self.in_flight.state().backlog.release(key);
                }
                self.handled_here(health, alone)
            }
            Err(stage) => self.continue_in_task(queued, stage),
        }
    }

    fn handled_here(&mut self, health: Health, alone: bool) -> bool {
        if health != Health::Well || !self.circuit.is_closed() {
            self.apply_health(health);
        }
        alone && self.open.is_none() && !self.circuit.is_probing()
    }

    /// Goes on with a message in a task of its own.
    pub(crate) fn continue_in_task(&mut self, mut queued: QueuedMessage, stage: Stage) -> bool {
        queued.in_flight = self.in_flight.enter(&queued, Instant::now());
        // What was handled before it does not wait for it.
        self.acknowledge();
        let permit = self.permit(1, queued.key);
        handle(&self.route, queued, stage, permit);
        false
    }

    fn permit(&mut self, messages: usize, key: Option<u64>) -> Permit {
        self.running += 1;
        self.handled += messages;
        self.route.counters.are_in_flight(self.handled);
        let (released, _) = self.released.get_or_insert_with(mpsc::unbounded_channel);
        Permit::new(released.clone(), key, messages)
    }

    /// A message was handled, or a batch.
    pub(crate) fn end(&mut self, released: Released) {
        self.running -= 1;
        self.handled -= released.messages;
        self.route.counters.are_in_flight(self.handled);
        if let Some(key) = released.key {
            self.in_flight.state().backlog.release(key);
        }
        for (queued, until) in released.deferred {
            self.in_flight.defer(queued, until);
        }
        if let Some(kept) = released.kept {
            self.inline.learn(kept);
        }
        self.apply_health(released.health);
    }

    /// Applies a message's word on the handler.
    pub(crate) fn apply_health(&mut self, health: Health) {
        match health {
            // What was begun before it opened is no probe.
            _ if self.open.is_some() => {}
            Health::Unknown => {}
            Health::Well => {
                if self.circuit.is_probing() {
                    self.route.state.open(None);
                }
                self.circuit.succeeded();
            }
            Health::Ill(error) => {
                if let Some(pause) = self.circuit.failed() {
                    let route = self.route.label();
                    tracing::error!(
                        route,
                        ?pause,
                        error,
                        "a handler keeps failing; its route pauses"
                    );
                    let pause = pause.min(FAR);
                    let until = self.route.link.transport.now() + pause;
                    self.route.state.open(Some((until, error)));
                    self.open = Some(Instant::now() + pause);
                }
            }
        }
    }
}

/// Begins a message: here, where its handler is so quick that it keeps nobody waiting. What is left
/// is for a task: all of it where the handler is slow, the rest where it waits.
fn begin(
    inline: &mut InlineExecutor,
    active: &Arc<ActiveRoute>,
    QueuedMessage { incoming, span, .. }: &mut QueuedMessage,
) -> Result<(Health, bool), Stage> {
    if let Some(reason) = active.passes(incoming) {
        pass(active, incoming, reason);
        return Ok((Health::Unknown, true));
    }
    if inline.is_free(span) { inline.handle(active, incoming, span) } else { Err(Stage::Fresh) }
}
