//! Information on streams and consumers: their configuration, and how far they have come.

use std::time::SystemTime;

use super::Memory;
use super::consumer::{Acks, Consumer};
use super::stream::Stream;
use crate::stream::StreamConfig;
use crate::transport::{
    ConsumerConfig, ConsumerInfo, ConsumerSnapshot, ConsumerState, Fault, Identity, StreamBounds,
    StreamInfo, StreamSnapshot, StreamState,
};

#[expect(clippy::unused_async, reason = "the same signatures as over NATS, where a call waits")]
impl Memory {
    /// Reads what a stream holds.
    pub(crate) async fn stream_state(&self, name: &str) -> Result<StreamState, Fault> {
        self.connection.with(|state, now| {
            let stream = state.streams.expect(name)?;
            stream.expire(now, &mut state.effects);
            stream.set_alarm(&mut state.effects);
            Ok(state_of(stream))
        })?
    }

    pub(crate) async fn streams(&self) -> Result<Vec<StreamInfo>, Fault> {
        self.connection.with(|state, now| {
            let names: Vec<_> = state.streams.iter().map(|stream| stream.name.clone()).collect();
            let infos = names.into_iter().filter_map(|name| {
                let stream = state.streams.named(&name)?;
                stream.expire(now, &mut state.effects);
                stream.set_alarm(&mut state.effects);
                Some(StreamInfo { config: stream.config.clone(), state: state_of(stream) })
            });
            infos.collect()
        })
    }

    pub(crate) async fn consumers(&self, stream: &str) -> Result<Vec<ConsumerInfo>, Fault> {
        self.connection.with(|state, now| {
            let stream = state.streams.expect(stream)?;
            stream.expire(now, &mut state.effects);
            let durable = stream.consumers.values().filter(|consumer| consumer.acks != Acks::None);
            let infos = durable.map(|consumer| {
                let ConsumerConfig { name, filters, max_deliver, .. } = consumer.config.clone();
                let (ack_wait, state) = (consumer.config.wait_of(1), consumer_state_of(consumer));
                ConsumerInfo { name, filters, ack_wait, max_deliver, state }
            });
            Ok(infos.collect())
        })?
    }

    /// The time by which the stream stores messages.
    pub(crate) async fn stream_time(&self, name: &str) -> Result<Option<SystemTime>, Fault> {
        self.connection.with(|state, now| {
            state.streams.named(name)?;
            Some(state.clock.system_time(now))
        })
    }

    /// Finds the stream of this name.
    pub(crate) async fn stream_snapshot(
        &self,
        name: &str,
    ) -> Result<Option<StreamSnapshot>, Fault> {
        self.connection.with(|state, _| {
            let stream = state.streams.named(name)?;
            let identity = Identity(stream.key.to_string());
            Some(StreamSnapshot { identity, last: stream.log.last() })
        })
    }

    /// Range of sequences that the stream of this name has.
    pub(crate) async fn stream_bounds(&self, name: &str) -> Result<Option<StreamBounds>, Fault> {
        self.connection.with(|state, now| {
            let stream = state.streams.named(name)?;
            stream.expire(now, &mut state.effects);
            stream.set_alarm(&mut state.effects);
            Some(StreamBounds {
                identity: Identity(stream.key.to_string()),
                first: stream.log.first(),
                last: stream.log.last(),
                subjects: stream.log.subject_count(),
            })
        })
    }

    /// Finds the durable consumer of this name.
    pub(crate) async fn consumer_snapshot(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<ConsumerSnapshot>, Fault> {
        self.connection.with(|state, _| {
            let consumer = state.streams.named(stream)?.consumer_named(name).ok()?;
            Some(ConsumerSnapshot {
                identity: Identity(consumer.key.to_string()),
                from: consumer.config.from,
                delivered: consumer.delivered,
                reached: consumer.next.saturating_sub(1),
                floor: consumer.ack_floor(),
                unsettled: consumer.pending.len() as u64,
                redelivered: consumer.redelivered(),
            })
        })
    }

    /// State of a durable consumer: its counts, and until when it is paused.
    pub(crate) async fn consumer_state(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<ConsumerState, Fault> {
        self.connection.with(|state, now| {
            let stream = state.streams.expect(stream)?;
            stream.expire(now, &mut state.effects);
            Ok(consumer_state_of(stream.consumer_named(name)?))
        })?
    }

    /// The stream's configuration; `None` if there is no such stream.
    pub(crate) async fn stream(&self, name: &str) -> Result<Option<StreamConfig>, Fault> {
        self.connection
            .with(|state, _| state.streams.named(name).map(|stream| stream.config.clone()))
    }

    /// A stream that keeps a subject of this filter, and confirms what it stores.
    pub(crate) async fn answering_stream(&self, filter: &str) -> Result<Option<String>, Fault> {
        let keeps = |subject: &String| tidings_subject::overlaps(subject, filter);
        self.connection.with(|state, _| {
            let mut configs = state.streams.iter().map(|stream| &stream.config);
            let found = configs.find(|c| !c.no_ack && c.subjects.iter().any(keeps));
            found.map(|config| config.name.clone())
        })
    }

    /// The durable consumer's configuration; `None` if there is no such consumer.
    pub(crate) async fn consumer(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<ConsumerConfig>, Fault> {
        self.connection.with(|state, _| {
            let consumer = state.streams.named(stream)?.consumer_named(name).ok()?;
            Some(consumer.config.clone())
        })
    }
}

/// State of a stream.
fn state_of(stream: &Stream) -> StreamState {
    let log = &stream.log;
    StreamState {
        messages: log.len(),
        bytes: log.bytes(),
        // A stream that never held anything has no first sequence, unless it was given one or purged.
        first_sequence: match stream.config.first_sequence {
            None if log.last() == 0 && !stream.purged => 0,
            _ => log.first(),
        },
        last_sequence: log.last(),
        subjects: log.subject_count(),
        consumers: stream.consumers.len() as u64,
    }
}

/// State of a consumer: its counts, and until when it is paused.
fn consumer_state_of(consumer: &Consumer) -> ConsumerState {
    ConsumerState {
        pending: consumer.undelivered,
        ack_pending: consumer.pending.len() as u64,
        redelivered: consumer.pending.values().filter(|p| p.attempts > 1).count() as u64,
        delivered: consumer.delivered,
        waiting: consumer.waiting(),
        paused_until: consumer.paused_until.map(|until| consumer.clock.system_time(until)),
    }
}
