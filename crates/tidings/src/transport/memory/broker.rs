//! The broker: its state behind one lock, and the way of a message through it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::time::Instant;

use super::alarm::Alarm;
use super::clock::Clock;
use super::effects::Effects;
use super::streams::Streams;
use super::subscriptions::Subscriptions;
use super::timer::Timer;
use super::wire;
use crate::header::Headers;
use crate::publish_ack::PublishAck;
use crate::subject::Subject;
use crate::transport::{ApiError, Outgoing};

/// What all connections to one embedded broker share.
#[derive(Debug)]
pub(super) struct Broker {
    state: Mutex<State>,
}

/// Everything the broker knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) subscriptions: Subscriptions,
    pub(super) streams: Streams,
    pub(super) effects: Effects,
    timer: Timer,
    last_key: u64,
}

/// What became of a publish.
#[derive(Debug)]
pub(super) struct Published {
    /// How many subscriptions got it.
    pub(super) subscribers: usize,
    /// What the stream of its subject did, if there is one.
    pub(super) stored: Option<Stored>,
}

/// What a stream did with a message.
#[derive(Debug)]
pub(super) enum Stored {
    Answered(Result<PublishAck, ApiError>),
    /// The stream answers nobody (`no_ack`).
    Silent,
}

impl Broker {
    pub(super) fn new() -> Self {
        let state = State {
            clock: Clock::new(),
            subscriptions: Subscriptions::new(),
            streams: Streams::default(),
            effects: Effects::default(),
            timer: Timer::default(),
            last_key: 0,
        };
        Self { state: Mutex::new(state) }
    }

    /// Works on the state, at one moment in time, and then wakes whom that concerns.
    pub(super) fn with<R>(self: &Arc<Self>, work: impl FnOnce(&mut State, Instant) -> R) -> R {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.catch_up(now);
        let result = work(&mut state, now);
        state.publish_own(now);
        let next = state.effects.alarms.next();
        state.timer.set(self, next);
        let bells = mem::take(&mut state.effects.bells);
        drop(state);
        for bell in bells {
            bell.wake();
        }
        result
    }
}

impl State {
    /// A number that was not given before.
    pub(super) fn new_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    /// Does what became due since the last call.
    fn catch_up(&mut self, now: Instant) {
        while let Some(alarm) = self.effects.alarms.take_due(now) {
            let (Alarm::Stream(stream) | Alarm::Consumer { stream, .. }) = alarm;
            let Some(stream) = self.streams.get_mut(stream) else {
                continue;
            };
            match alarm {
                Alarm::Stream(_) => stream.wake(now, &mut self.effects),
                Alarm::Consumer { consumer, .. } => {
                    stream.wake_consumer(consumer, now, &mut self.effects);
                }
            }
            self.publish_own(now);
        }
    }

    /// Publishes what the broker itself has to say.
    fn publish_own(&mut self, now: Instant) {
        while let Some(message) = self.effects.outbox.pop_front() {
            self.publish(message, None, now);
        }
    }

    /// Brings a message to everybody who listens, and into the stream of its subject.
    pub(super) fn publish(
        &mut self,
        message: Outgoing,
        reply: Option<&Subject>,
        now: Instant,
    ) -> Published {
        let subscribers = self.subscriptions.deliver(&message, reply, &mut self.effects);
        let stored = self.streams.of_subject(message.subject.as_str()).map(|stream| {
            let stored = stream.store(message, now, &mut self.effects);
            if stream.config.no_ack {
                return Stored::Silent;
            }
            if let Some(reply) = reply {
                let payload = wire::publish_reply(&stream.config.name, &stored);
                self.effects.outbox.push_back(Outgoing {
                    subject: reply.clone(),
                    headers: Headers::new(),
                    payload: Bytes::from(payload),
                });
            }
            Stored::Answered(stored)
        });
        Published { subscribers, stored }
    }
}
