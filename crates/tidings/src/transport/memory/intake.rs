//! Storing a message: its way into a stream.

use std::mem;

use bytes::Bytes;
use tokio::time::Instant;

use super::admission::{self, Admission};
use super::effects::Effects;
use super::log::Message;
use super::store_options::{Rollup, StoreOptions};
use super::stream::Stream;
use super::{api, marker, ttl, wire};
use crate::header;
use crate::publish_ack::PublishAck;
use crate::stream::{Discard, Retention};
use crate::transport::{ApiError, Outgoing};

impl Stream {
    /// Stores a message, or says why not.
    pub(super) fn store(
        &mut self,
        message: Outgoing,
        now: Instant,
        effects: &mut Effects,
    ) -> Result<PublishAck, ApiError> {
        self.expire(now, effects);
        // Who sends the messages of a batch one by one is told that there is no such way.
        if message.headers.get(header::BATCH_ID).is_some_and(|id| !id.is_empty()) {
            return Err(api::batch_disabled());
        }
        let admission = admission::check(self, &message, now)?;
        let ack = match admission {
            Admission::Duplicate(sequence) => self.ack(sequence, true),
            Admission::New(options) => {
                let sequence = self.accept(message, &options, now, effects)?;
                self.remember(options.message_id, sequence, now);
                self.ack(sequence, false)
            }
        };
        self.set_alarm(effects);
        Ok(ack)
    }

    pub(super) fn ack(&self, sequence: u64, duplicate: bool) -> PublishAck {
        PublishAck { stream: self.config.name.clone(), sequence, duplicate }
    }

    /// Knows the message with this id again; it may have none.
    pub(super) fn remember(&mut self, id: String, sequence: u64, now: Instant) {
        if !id.is_empty() {
            let window = self.config.duplicate_window.unwrap_or_default();
            let is_kept =
                self.config.retention != Retention::Interest || self.log.get(sequence).is_some();
            self.dedup.remember(&id, sequence, is_kept.then_some(now), window, now);
        }
        self.last_message_id = id;
    }

    /// Takes in a message that nothing speaks against but the stream being full.
    pub(super) fn accept(
        &mut self,
        mut message: Outgoing,
        options: &StoreOptions,
        now: Instant,
        effects: &mut Effects,
    ) -> Result<u64, ApiError> {
        let subject = message.subject.clone();
        let interested = self.interest.keys(subject.as_str());
        let (sequence, keep) =
            if self.config.retention == Retention::Interest && interested.is_empty() {
                (self.log.skip(), 0)
            } else {
                marker::lengthen(&mut message.headers, &self.config);
                let lifetime = ttl::lifetime(&message.headers, now)?;
                let headers = mem::take(&mut message.headers);
                let headers = options.complete(headers);
                let storage = self.config.storage;
                let size = wire::stored_len(storage, subject.as_str(), &headers, &message.payload);
                if self.config.discard == Discard::New {
                    self.refuse_if_full(subject.as_str(), size, options.rollup.is_some())?;
                }
                // In memory of its own: a message that stays keeps nothing of those that go.
                let payload = Bytes::copy_from_slice(&message.payload);
                let at = now;
                let (subject, headers) = (subject.detached(), headers.detached());
                let message = Message { subject, headers, payload, at, lifetime, size };
                (self.log.push(message), 1)
            };
        if keep > 0 {
            for key in interested {
                if let Some(consumer) = self.consumers.get_mut(&key) {
                    consumer.stored(sequence, effects);
                }
            }
            let is_scheduled = options.scheduler.is_some();
            let schedule = options.schedule.clone();
            self.schedules.stored(subject.as_str(), sequence, schedule, is_scheduled);
            self.enforce_limits(subject.as_str(), effects);
        }
        match options.rollup {
            Some(Rollup::Subject) => self.purge_all_but(subject.as_str(), keep, effects),
            Some(Rollup::All) => self.purge_all_but(">", keep, effects),
            None => 0,
        };
        if let Some(scheduler) = &options.ends_schedule {
            self.purge_all_but(scheduler, 0, effects);
        }
        Ok(sequence)
    }

    /// Refuses what does not fit, with [`Discard::New`].
    fn refuse_if_full(&self, subject: &str, size: u64, rollup: bool) -> Result<(), ApiError> {
        let of_subject = self.config.max_messages_per_subject;
        let replaces = of_subject.is_some_and(|limit| self.log.count_of(subject) >= limit);
        if replaces && self.config.discard_new_per_subject && !rollup {
            return Err(api::store_failed("maximum messages per subject exceeded"));
        }
        if self.config.max_messages.is_some_and(|limit| self.log.len() >= limit) && !replaces {
            return Err(api::store_failed("maximum messages exceeded"));
        }
        if self.config.max_bytes.is_some_and(|limit| self.log.bytes() + size > limit) {
            // The message that this one replaces may make room enough.
            let first = self.log.first_of(subject).filter(|_| replaces);
            let room = first.and_then(|first| self.log.get(first)).map_or(0, |first| first.size);
            if room < size {
                return Err(api::store_failed("maximum bytes exceeded"));
            }
        }
        Ok(())
    }
}
