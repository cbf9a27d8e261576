//! Messages that a stream stores all or nothing: each is checked as if those before it were
//! stored, and only then is any of them.

use std::time::Duration;

use hashbrown::{HashMap, HashSet};
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep};

use super::admission::{self, Admission};
use super::broker::State;
use super::effects::Effects;
use super::refusal::{check_size, check_subject};
use super::store_options::{Rollup, StoreOptions};
use super::stream::Stream;
use super::subscriptions::Keeps;
use super::{Memory, api, ttl, wire};
use crate::header;
use crate::publish_ack::PublishAck;
use crate::stream::Discard;
use crate::transport::atomic::{HEADERS_LEN, in_batch};
use crate::transport::{ApiError, AtomicFault, Fault, Outgoing};

impl Memory {
    /// Sends messages that a stream is to store all or nothing.
    pub(crate) async fn store_atomically(
        &self,
        messages: &[Outgoing],
        within: Duration,
    ) -> Result<PublishAck, AtomicFault> {
        consume_budget().await;
        for (place, message) in messages.iter().enumerate() {
            let refuse = |fault| AtomicFault::Message(place, fault);
            // Before any is delivered.
            check_subject(&message.subject).map_err(refuse)?;
            check_size(message, HEADERS_LEN).map_err(refuse)?;
        }
        let stored = self.connection.with(|state, now| state.publish_batch(messages, now));
        if let Some(stored) = stored.map_err(AtomicFault::Batch)? {
            return stored;
        }
        // Nobody answers.
        sleep(within).await;
        Err(AtomicFault::Batch(Fault::Timeout))
    }
}

impl State {
    /// Brings messages to everybody who listens, and all or none of them into the one stream of
    /// their subjects. `None` if nobody answers.
    pub(super) fn publish_batch(
        &mut self,
        messages: &[Outgoing],
        now: Instant,
    ) -> Option<Result<PublishAck, AtomicFault>> {
        let (first, rest) = messages.split_first()?;
        let mut messages = in_batch(messages);
        let refuse = |place, fault| Some(Err(AtomicFault::Message(place, fault)));
        let Self { subscriptions, effects, .. } = self;
        let mut deliver =
            |message: &mut Outgoing| subscriptions.deliver(message, None, Keeps::Yes, effects);
        let heard = match deliver(&mut messages[0]) {
            Ok(heard) => heard,
            Err(fault) => return refuse(0, fault),
        };
        let Some(stream) = self.streams.of_subject(first.subject.as_str()) else {
            return if heard == 0 { refuse(0, Fault::NoResponders) } else { None };
        };
        let (key, silent) = (stream.key, stream.config.no_ack);
        if !stream.config.allow_atomic_publish {
            return refuse(0, api::batch_disabled().into());
        }
        for (place, message) in messages.iter_mut().enumerate().skip(1) {
            if let Err(fault) = deliver(message) {
                return refuse(place, fault);
            }
        }
        for (place, message) in (1..).zip(rest) {
            match self.streams.of_subject(message.subject.as_str()).map(|stream| stream.key) {
                Some(other) if other == key => {}
                Some(_) => {
                    return Some(Err(AtomicFault::Batch(api::batch_incomplete().into())));
                }
                None => return refuse(place, Fault::NoResponders),
            }
        }
        let stream = self.streams.get_mut(key)?;
        let stored = stream.store_batch(messages, now, &mut self.effects);
        (!silent).then_some(stored)
    }
}

impl Stream {
    fn store_batch(
        &mut self,
        messages: Vec<Outgoing>,
        now: Instant,
        effects: &mut Effects,
    ) -> Result<PublishAck, AtomicFault> {
        self.expire(now, effects);
        let options = self.check_batch(&messages, now)?;
        let mut last = self.log.last();
        for (message, options) in messages.into_iter().zip(options) {
            let accepted = self.accept(message, &options, now, effects);
            // Every message was checked before.
            last = accepted.map_err(|error| AtomicFault::Batch(error.into()))?;
            self.remember(options.message_id, last, now);
        }
        self.set_alarm(effects);
        Ok(self.ack(last, false))
    }

    fn check_batch(
        &mut self,
        messages: &[Outgoing],
        now: Instant,
    ) -> Result<Vec<StoreOptions>, AtomicFault> {
        let mut staged = Staged::default();
        let mut checked = Vec::with_capacity(messages.len());
        // What a server finds at once, as each arrives, it tells of the message; all else, when the
        // batch is whole, of the batch.
        for (place, message) in messages.iter().enumerate() {
            if self.is_too_large(message) {
                return Err(AtomicFault::Message(place, api::message_too_large().into()));
            }
        }
        for message in messages {
            let options = self.check_in_batch(message, &mut staged, now);
            checked.push(options.map_err(|error| AtomicFault::Batch(error.into()))?);
        }
        Ok(checked)
    }

    fn is_too_large(&self, message: &Outgoing) -> bool {
        let size = message.headers.wire_len() + message.payload.len();
        self.config.max_message_size.is_some_and(|limit| size > limit as usize)
    }

    fn check_in_batch(
        &mut self,
        message: &Outgoing,
        staged: &mut Staged,
        now: Instant,
    ) -> Result<StoreOptions, ApiError> {
        let (headers, subject) = (&message.headers, message.subject.as_str());
        if headers.get(header::EXPECTED_LAST_MESSAGE_ID).is_some() {
            return Err(api::batch_header());
        }
        let behind = headers.get(header::EXPECTED_LAST_SEQUENCE).is_some() && staged.count > 0;
        let written = headers.get(header::EXPECTED_LAST_SUBJECT_SEQUENCE).is_some()
            && staged.subjects.contains_key(subject);
        if behind || written {
            return Err(api::wrong_last_sequence_in_batch());
        }
        let id = headers.get(header::MESSAGE_ID).unwrap_or_default();
        // A duplicate is told of before any expectation is checked.
        let window = self.config.duplicate_window.unwrap_or_default();
        let known = self.dedup.sequence_of(id, window, now).is_some();
        if !id.is_empty() && (known || !staged.ids.insert(id.to_owned())) {
            return Err(api::batch_duplicate());
        }
        let options = match admission::check(self, message, now)? {
            Admission::New(options) => options,
            Admission::Duplicate(_) => return Err(api::batch_duplicate()),
        };
        ttl::lifetime(headers, now)?;
        match options.rollup {
            Some(Rollup::Subject) if staged.subjects.contains_key(subject) => {
                return Err(api::rollup_failed("batch rollup sub invalid"));
            }
            Some(Rollup::All) if staged.count > 0 => {
                return Err(api::rollup_failed("batch rollup all invalid"));
            }
            _ => {}
        }
        let storage = self.config.storage;
        staged.count += 1;
        staged.bytes += wire::stored_len(storage, subject, headers, &message.payload);
        *staged.subjects.entry(subject.to_owned()).or_default() += 1;
        self.refuse_batch_if_full(subject, options.rollup.is_some(), staged)?;
        Ok(options)
    }

    /// Refuses what does not fit behind the others, with [`Discard::New`].
    fn refuse_batch_if_full(
        &self,
        subject: &str,
        rollup: bool,
        staged: &Staged,
    ) -> Result<(), ApiError> {
        if self.config.discard != Discard::New {
            return Ok(());
        }
        let over = |limit: Option<u64>, now: u64| limit.is_some_and(|limit| now > limit);
        if over(self.config.max_messages, self.log.len() + staged.count) {
            return Err(api::store_failed("maximum messages exceeded"));
        }
        if over(self.config.max_bytes, self.log.bytes() + staged.bytes) {
            return Err(api::store_failed("maximum bytes exceeded"));
        }
        let of_subject = staged.subjects.get(subject).copied().unwrap_or_default();
        let count = self.log.count_of(subject) + of_subject;
        if self.config.discard_new_per_subject
            && !rollup
            && over(self.config.max_messages_per_subject, count)
        {
            return Err(api::store_failed("maximum messages per subject exceeded"));
        }
        Ok(())
    }
}

/// State that the messages before would have left.
#[derive(Debug, Default)]
struct Staged {
    ids: HashSet<String>,
    subjects: HashMap<String, u64>,
    count: u64,
    bytes: u64,
}
