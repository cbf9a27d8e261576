//! Managing streams and consumers, and what can be asked about them.

use std::time::SystemTime;

use tidings_subject::overlaps;
use tokio::time::Instant;

use super::alarm::Alarm;
use super::api;
use super::broker::State;
use super::consumer::Consumer;
use super::consumer_config;
use super::refusal::check_times;
use super::stream::{Removal, Stream};
use super::stream_config;
use super::{Fault, Memory};
use crate::stream::{Storage, StreamConfig};
use crate::subject::Subject;
use crate::transport::{ApiError, ConsumerConfig, Settlement, SettlementReason};

impl State {
    /// Creates a stream; one of this name with the same configuration is no error.
    pub(super) fn create_stream(&mut self, config: &StreamConfig) -> Result<(), ApiError> {
        if config.sealed {
            return Err(api::invalid_config("stream configuration for create can not be sealed"));
        }
        let config = stream_config::complete(config)?;
        if let Some(existing) = self.streams.named(&config.name) {
            if existing.config == config {
                return Ok(());
            }
            return Err(api::stream_name_in_use());
        }
        self.check_subjects(&config)?;
        let key = self.new_key();
        self.streams.insert(Stream::new(key, config, self.clock));
        Ok(())
    }

    /// Checks that no other stream keeps one of the subjects.
    fn check_subjects(&self, config: &StreamConfig) -> Result<(), ApiError> {
        let mut others = self.streams.iter().filter(|other| other.config.name != config.name);
        let taken = |other: &Stream| {
            let mut theirs = other.config.subjects.iter();
            theirs.any(|a| config.subjects.iter().any(|b| overlaps(a, b)))
        };
        if others.any(taken) { Err(api::subjects_overlap()) } else { Ok(()) }
    }

    /// Checks that no consumer has more than new limits on consumers let it have.
    fn check_consumer_limits(&mut self, config: &StreamConfig) -> Result<(), ApiError> {
        // 0 is how JSON says "no limit".
        let limits = |config: &StreamConfig| {
            let limits = config.consumer_limits.unwrap_or_default();
            let inactive = limits.inactive_threshold.filter(|time| !time.is_zero());
            (limits.max_ack_pending.filter(|most| *most > 0), inactive)
        };
        let stream = self.streams.expect(&config.name)?;
        let (before, after) = (limits(&stream.config), limits(config));
        let is_new = (after.0.is_some() && after.0 != before.0)
            || (after.1.is_some() && after.1 != before.1);
        let is_over = |consumer: &Consumer| {
            let (most, inactive) = (consumer.config.max_ack_pending, consumer.inactive);
            after.0.is_some_and(|limit| most.is_some_and(|most| most > limit))
                || after.1.is_some_and(|limit| inactive.is_some_and(|time| time > limit))
        };
        let over = stream.consumers.values().filter(|consumer| is_new && is_over(consumer));
        let mut over: Vec<&str> = over.map(|consumer| consumer.config.name.as_str()).collect();
        over.sort_unstable();
        if over.is_empty() { Ok(()) } else { Err(api::consumers_over_limits(&over)) }
    }

    fn update_stream(&mut self, config: &StreamConfig, now: Instant) -> Result<(), ApiError> {
        let config = stream_config::update(&self.streams.expect(&config.name)?.config, config)?;
        self.check_subjects(&config)?;
        self.check_consumer_limits(&config)?;
        // Taken out and put back, so that the index of subjects follows.
        let Some(mut stream) = self.streams.remove(&config.name) else {
            return Err(api::stream_not_found());
        };
        stream.replace_stream_config(config, now, &mut self.effects);
        self.streams.insert(stream);
        Ok(())
    }

    fn delete_stream(&mut self, name: &str) -> Result<(), ApiError> {
        let mut stream = self.streams.remove(name).ok_or_else(api::stream_not_found)?;
        let effects = &mut self.effects;
        effects.alarms.set(Alarm::Stream(stream.key), None);
        for (key, consumer) in &mut stream.consumers {
            consumer.wake_pulls(effects);
            let alarm = Alarm::Consumer { stream: stream.key, consumer: *key };
            effects.alarms.set(alarm, None);
        }
        Ok(())
    }

    fn update_consumer(&mut self, stream: &str, config: &ConsumerConfig) -> Result<(), ApiError> {
        let stream = self.streams.expect(stream)?;
        let mut config = consumer_config::complete(config, &stream.config)?;
        let Ok(consumer) = stream.consumer_named(&config.name) else {
            return Err(api::consumer_missing());
        };
        // As over NATS, notes that others wrote meanwhile stay.
        for (name, note) in &consumer.config.metadata {
            config.metadata.entry(name.clone()).or_insert_with(|| note.clone());
        }
        let key = consumer.key;
        consumer_config::update(&consumer.config, &config)?;
        let others = stream.consumers.values().filter(|other| other.key != key);
        let others = others.map(|other| &other.config);
        consumer_config::work_queue(&config, config.acks.into(), &stream.config, others)?;
        stream.replace_config(key, config, &mut self.effects);
        Ok(())
    }
}

#[expect(clippy::unused_async, reason = "the same signatures as over NATS, where a call waits")]
impl Memory {
    /// Changes a stream as far as a server allows.
    pub(crate) async fn update_stream(&self, config: &StreamConfig) -> Result<(), Fault> {
        check_times(config)?;
        Ok(self.connection.with(|state, now| state.update_stream(config, now))??)
    }

    /// Deletes a stream with its messages and consumers.
    pub(crate) async fn delete_stream(&self, name: &str) -> Result<(), Fault> {
        Ok(self.connection.with(|state, _| state.delete_stream(name))??)
    }

    /// Removes a stream's messages, or those of a filter; gives how many.
    pub(crate) async fn purge_stream(
        &self,
        name: &str,
        filter: Option<&Subject>,
    ) -> Result<u64, Fault> {
        self.connection.with(|state, now| {
            let stream = state.streams.expect(name)?;
            stream.expire(now, &mut state.effects);
            if stream.config.sealed {
                return Err(api::purge_failed("sealed stream").into());
            }
            if stream.config.deny_purge {
                return Err(api::purge_failed("stream purge not permitted").into());
            }
            stream.purged |= filter.is_none();
            let filter = filter.map_or(">", Subject::as_str);
            let purged = stream.purge_all_but(filter, 0, &mut state.effects);
            stream.set_alarm(&mut state.effects);
            Ok(purged)
        })?
    }

    /// Deletes one message.
    pub(crate) async fn delete_message(&self, stream: &str, sequence: u64) -> Result<(), Fault> {
        self.connection.with(|state, _| {
            let stream = state.streams.expect(stream)?;
            if stream.config.sealed {
                return Err(api::sealed().into());
            }
            if stream.config.deny_delete {
                return Err(api::delete_failed("message delete not permitted").into());
            }
            // A file store says which sequences it can't have; of a gap both say the same.
            let log = &stream.log;
            let outside = log.len() == 0 || sequence < log.first() || sequence > log.last();
            if outside && stream.config.storage == Storage::File {
                let gone = sequence == 0 || sequence <= log.last();
                let why = if gone { "no message found" } else { "stream store EOF" };
                return Err(api::delete_failed(why).into());
            }
            if !stream.remove(sequence, Removal::Deleted, &mut state.effects) {
                return Err(api::sequence_not_found(sequence).into());
            }
            stream.set_alarm(&mut state.effects);
            Ok(())
        })?
    }

    /// Changes a durable consumer as far as a server allows.
    pub(crate) async fn update_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<(), Fault> {
        Ok(self.connection.with(|state, _| state.update_consumer(stream, config))??)
    }

    /// Deletes a durable consumer.
    pub(crate) async fn delete_consumer(&self, stream: &str, name: &str) -> Result<(), Fault> {
        self.connection.with(|state, _| {
            let stream = state.streams.expect(stream)?;
            let key = stream.consumer_named(name)?.key;
            stream.delete_consumer(key, &mut state.effects);
            Ok(())
        })?
    }

    /// Delivers nothing before `until`; a time that has passed ends a pause.
    pub(crate) async fn pause_consumer(
        &self,
        stream: &str,
        name: &str,
        until: SystemTime,
    ) -> Result<(), Fault> {
        self.connection.with(|state, now| {
            let until = state.clock.instant(until);
            let consumer = state.streams.expect(stream)?.consumer_named(name)?;
            // Too far away to be reckoned with is for as long as anybody will wait.
            consumer.paused_until = Some(until.unwrap_or_else(|| far(now)));
            consumer.wake(now, &mut state.effects);
            Ok(())
        })?
    }

    /// Gives up a message that a consumer has delivered as often as allowed.
    pub(crate) async fn give_up(
        &self,
        stream: &str,
        consumer: &str,
        sequence: u64,
        reason: &str,
    ) -> Result<(), Fault> {
        self.connection.with(|state, now| {
            // Nobody listens for the acks of a consumer that is not there.
            let stream = state.streams.expect(stream).map_err(|_| Fault::NoResponders)?;
            let consumer = stream.consumer_named(consumer).map_err(|_| Fault::NoResponders)?.key;
            let settlement = Settlement::of(SettlementReason::GivenUp(reason));
            // The first delivery: an ack that was made by hand names that.
            stream.settle(consumer, (sequence, 1), &settlement, now, &mut state.effects);
            Ok(())
        })?
    }
}

/// A time that never comes.
fn far(now: Instant) -> Instant {
    const YEARS: u64 = 30 * 365 * 86_400;
    now.checked_add(std::time::Duration::from_secs(YEARS)).unwrap_or(now)
}
