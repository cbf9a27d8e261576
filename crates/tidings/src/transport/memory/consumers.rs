//! A stream's consumers: how they come and go, and what they deliver.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::alarm::Alarm;
use super::api;
use super::consumer::{Acks, Consumer};
use super::consumer_config;
use super::effects::Effects;
use super::stream::Stream;
use crate::stream::Retention;
use crate::transport::{ApiError, ConsumerConfig, Incoming, Receipt};

/// Maximum time that a replay's consumer is kept while nobody reads it; as over a network.
const UNREAD: Duration = Duration::from_secs(30);
/// Maximum number of consumers of a stream that says none, as of nats-server 2.15.
const UNSAID: u32 = 1000;

impl Stream {
    /// The consumer of this name.
    pub(super) fn consumer_named(&mut self, name: &str) -> Result<&mut Consumer, ApiError> {
        let key = self.consumer_keys.get(name);
        key.and_then(|key| self.consumers.get_mut(key)).ok_or_else(ApiError::consumer_not_found)
    }

    /// Creates a consumer with this key; one of its name with the same configuration is no error.
    pub(super) fn create_consumer(
        &mut self,
        key: u64,
        config: &ConsumerConfig,
        acks: Acks,
        now: Instant,
        effects: &mut Effects,
    ) -> Result<(), ApiError> {
        // The ack policy is checked before all else of the configuration.
        if acks == Acks::None && self.config.retention == Retention::WorkQueue {
            return Err(api::work_queue_ack());
        }
        let config = consumer_config::complete(config, &self.config)?;
        if let Ok(existing) = self.consumer_named(&config.name) {
            if existing.config == config {
                return Ok(());
            }
            return Err(api::consumer_exists());
        }
        let count = self.consumers.len();
        if count >= self.config.max_consumers.unwrap_or(UNSAID) as usize {
            return Err(api::consumer_limit());
        }
        let others = self.consumers.values().map(|other| &other.config);
        consumer_config::work_queue(&config, acks, &self.config, others)?;
        let stream = (self.key, Arc::clone(&self.name));
        let mut consumer = Consumer::new(key, stream, config, acks, self.clock, &self.log);
        let limits = self.config.consumer_limits.unwrap_or_default();
        // A limit that the consumer does not ask for is the stream's.
        consumer.inactive = limits.inactive_threshold.filter(|time| !time.is_zero());
        if acks == Acks::None {
            let inactive = consumer.inactive.map_or(UNREAD, |limit| limit.min(UNREAD));
            consumer.inactive = Some(inactive);
            consumer.config.max_ack_pending = limits.max_ack_pending.filter(|most| *most > 0);
            consumer.begin(effects);
        }
        consumer.idle(now, effects);
        for filter in consumer.interest() {
            self.interest.insert(&filter, key, ());
        }
        self.consumer_keys.insert(consumer.config.name.clone(), key);
        self.consumers.insert(key, consumer);
        Ok(())
    }

    /// Deletes a consumer. What only it was interested in goes with it.
    pub(super) fn delete_consumer(&mut self, key: u64, effects: &mut Effects) {
        let Some(mut consumer) = self.consumers.remove(&key) else {
            return;
        };
        consumer.wake_pulls(effects);
        self.consumer_keys.remove(&consumer.config.name);
        for filter in consumer.interest() {
            self.interest.remove(&filter, key);
        }
        effects.alarms.set(Alarm::Consumer { stream: self.key, consumer: key }, None);
        // With the last consumer all messages go: a server purges the stream then.
        self.purged |= self.config.retention == Retention::Interest && self.consumers.is_empty();
        self.release_unwanted(effects);
    }

    /// Gives a consumer another configuration, one that was checked.
    pub(super) fn replace_config(
        &mut self,
        key: u64,
        config: ConsumerConfig,
        effects: &mut Effects,
    ) {
        let Some(consumer) = self.consumers.get_mut(&key) else {
            return;
        };
        for filter in consumer.interest() {
            self.interest.remove(&filter, key);
        }
        consumer.config = config;
        consumer.recount(&self.log);
        consumer.wake_pulls(effects);
        for filter in consumer.interest() {
            self.interest.insert(&filter, key, ());
        }
        self.release_unwanted(effects);
    }

    /// Removes messages that lost the interest which kept them.
    pub(super) fn release_unwanted(&mut self, effects: &mut Effects) {
        if self.config.retention == Retention::Interest {
            let sequences: Vec<u64> = self.log.from(0).map(|(sequence, _)| sequence).collect();
            for sequence in sequences {
                self.release(sequence, effects);
            }
            self.set_alarm(effects);
        }
    }

    /// Number of deliveries of a consumer so far; 0 if it is not there.
    pub(super) fn delivered(&self, key: u64) -> u64 {
        self.consumers.get(&key).map_or(0, |consumer| consumer.delivered)
    }

    /// Hands out a consumer's next message; how it is settled is for the caller to add.
    pub(super) fn deliver(
        &mut self,
        key: u64,
        now: Instant,
        effects: &mut Effects,
    ) -> Result<Option<Incoming>, ApiError> {
        self.expire(now, effects);
        let consumer = self.consumers.get_mut(&key).ok_or_else(ApiError::consumer_not_found)?;
        let Some(delivery) = consumer.take(&self.log, now, effects) else {
            return Ok(None);
        };
        let Some(message) = self.log.get(delivery.sequence) else {
            return Ok(None);
        };
        let incoming = Incoming {
            subject: message.subject.clone(),
            reply: None,
            headers: message.headers.clone().into(),
            payload: message.payload.clone(),
            receipt: Some(Receipt {
                stream: self.config.name.as_str().into(),
                consumer: consumer.config.name.as_str().into(),
                sequence: delivery.sequence,
                attempt: delivery.attempt,
                pending: consumer.undelivered,
                stored_at: self.clock.system_time(message.at),
            }),
            settle: None,
        };
        if consumer.acks == Acks::None {
            self.release(delivery.sequence, effects);
        }
        Ok(Some(incoming))
    }
}
