//! The broker: its state behind one lock, and the way of a message through it.

use std::mem;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::time::Instant;

use super::alarm::Alarm;
use super::clock::{Clock, Moment};
use super::effects::Effects;
use super::streams::Streams;
use super::subscriptions::{Keeps, Subscriptions};
use super::timer::{Timed, Timer};
use super::wire;
use crate::header::Headers;
use crate::lock::locked;
use crate::publish_ack::PublishAck;
use crate::subject::Subject;
use crate::transport::{ApiError, Fault, Outgoing};

/// State that all connections to one embedded broker share.
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

/// Result of a publish.
#[derive(Debug)]
pub(super) struct Published {
    /// Number of subscriptions that got the message.
    pub(super) subscribers: usize,
    /// Result in the stream of its subject, if there is one.
    pub(super) stored: Option<StoreAnswer>,
}

/// Result of storing a message.
#[derive(Debug)]
pub(super) enum StoreAnswer {
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
        self.at(|state, moment| work(state, moment.instant()))
    }

    /// Works on the state, where the time may not be needed.
    pub(super) fn at<R>(self: &Arc<Self>, work: impl FnOnce(&mut State, &Moment) -> R) -> R {
        let mut state = locked(&self.state);
        let moment = Moment::default();
        state.catch_up(&moment);
        let result = work(&mut state, &moment);
        state.publish_own(&moment);
        let next = state.effects.alarms.next();
        state.timer.set(self, next);
        let wakers = mem::take(&mut state.effects.wakers);
        drop(state);
        for waker in wakers {
            waker.wake();
        }
        result
    }
}

impl Timed for Broker {
    fn catch_up(self: &Arc<Self>) -> Option<Instant> {
        self.with(|state, _| state.effects.alarms.next())
    }
}

impl State {
    /// A number that was not given before.
    pub(super) fn new_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    /// Does what became due since the last call.
    fn catch_up(&mut self, moment: &Moment) {
        while self.effects.alarms.next().is_some()
            && let now = moment.instant()
            && let Some(alarm) = self.effects.alarms.take_due(now)
        {
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
            self.publish_own(moment);
        }
    }

    /// Publishes what the broker itself has to say.
    fn publish_own(&mut self, moment: &Moment) {
        while let Some(mut message) = self.effects.outbox.pop_front() {
            // What asks for an answer where none can be gets none.
            let _ = self.publish(&mut message, None, moment);
        }
    }

    /// Brings a message to everybody who listens, and into the stream of its subject. A subject
    /// that is none is refused; else nothing of the message may be left.
    pub(super) fn publish(
        &mut self,
        message: &mut Outgoing,
        reply: Option<&Subject>,
        moment: &Moment,
    ) -> Result<Published, Fault> {
        let Self { subscriptions, streams, effects, .. } = self;
        let stream = streams.of_subject(message.subject.as_str());
        let keeps = if stream.is_some() { Keeps::Yes } else { Keeps::No };
        let subscribers = subscriptions.deliver(message, reply, keeps, effects)?;
        let stored = stream.map(|stream| {
            let stored = stream.store(message.clone(), moment.instant(), effects);
            if stream.config.no_ack {
                return StoreAnswer::Silent;
            }
            if let Some(reply) = reply {
                let payload = wire::publish_reply(&stream.config.name, &stored);
                effects.outbox.push_back(Outgoing {
                    subject: reply.clone(),
                    headers: Headers::new(),
                    payload: Bytes::from(payload),
                });
            }
            StoreAnswer::Answered(stored)
        });
        Ok(Published { subscribers, stored })
    }
}
