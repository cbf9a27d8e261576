//! A stream: what it holds, and how a message leaves it.

use std::mem;
use std::sync::Arc;

use hashbrown::HashMap;
use tokio::time::Instant;

use super::advisory;
use super::alarm::Alarm;
use super::clock::Clock;
use super::consumer::{Consumer, after};
use super::dedup::Dedup;
use super::effects::Effects;
use super::log::Log;
use super::router::Router;
use super::schedules::Schedules;
use crate::stream::{Discard, Retention, StreamConfig};

/// A stream and its consumers.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) key: u64,
    pub(super) name: Arc<str>,
    pub(super) config: StreamConfig,
    pub(super) clock: Clock,
    pub(super) log: Log,
    /// `true` if it was purged as a whole: then it has a first sequence, even if it never held
    /// anything.
    pub(super) purged: bool,
    pub(super) dedup: Dedup,
    /// The id of the last message; empty if it had none.
    pub(super) last_message_id: String,
    pub(super) schedules: Schedules,
    pub(super) consumers: HashMap<u64, Consumer>,
    pub(super) consumer_keys: HashMap<String, u64>,
    /// Interest: consumers that select a subject.
    pub(super) interest: Router<()>,
}

/// Reason why a message leaves a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// A limit was reached, or somebody deleted just this one.
    Deleted,
    /// Purged, or another took its place.
    Purged,
    /// Everybody who wanted the message is done with it.
    Done,
}

impl Stream {
    pub(super) fn new(key: u64, config: StreamConfig, clock: Clock) -> Self {
        Self {
            key,
            name: config.name.as_str().into(),
            log: Log::starting_at(config.first_sequence.unwrap_or(1)),
            config,
            clock,
            purged: false,
            dedup: Dedup::default(),
            last_message_id: String::new(),
            schedules: Schedules::default(),
            consumers: HashMap::new(),
            consumer_keys: HashMap::new(),
            interest: Router::default(),
        }
    }

    /// Removes what is over the limits, oldest first.
    pub(super) fn enforce_limits(&mut self, subject: &str, effects: &mut Effects) {
        if let Some(limit) = self.config.max_messages_per_subject {
            while self.log.count_of(subject) > limit
                && let Some(first) = self.log.first_of(subject)
            {
                self.remove(first, Removal::Deleted, effects);
            }
        }
        self.enforce_size(effects);
    }

    /// Enforces the limits of the stream as a whole.
    pub(super) fn enforce_size(&mut self, effects: &mut Effects) {
        if self.config.discard == Discard::New {
            return;
        }
        let over = |stream: &Self| {
            stream.config.max_messages.is_some_and(|limit| stream.log.len() > limit)
                || stream.config.max_bytes.is_some_and(|limit| stream.log.bytes() > limit)
        };
        while self.log.len() > 0 && over(self) {
            self.remove(self.log.first(), Removal::Deleted, effects);
        }
    }

    /// Removes the messages of a filter but for the last `keep` of them; gives how many.
    pub(super) fn purge_all_but(&mut self, filter: &str, keep: u64, effects: &mut Effects) -> u64 {
        let sequences = self.log.matching(filter);
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let count = sequences.len().saturating_sub(keep);
        for sequence in sequences.into_iter().take(count) {
            self.remove(sequence, Removal::Purged, effects);
        }
        count as u64
    }

    /// Takes another configuration, one that was checked, and removes what is over its limits: those
    /// of the whole stream first, as a server does.
    pub(super) fn replace_stream_config(
        &mut self,
        config: StreamConfig,
        now: Instant,
        effects: &mut Effects,
    ) {
        if config.duplicate_window != self.config.duplicate_window {
            self.dedup.end_window(self.config.duplicate_window.unwrap_or_default(), now);
        }
        let retention = mem::replace(&mut self.config, config).retention;
        self.expire(now, effects);
        self.enforce_size(effects);
        if let Some(limit) = self.config.max_messages_per_subject {
            for subject in self.log.subjects_over(limit) {
                self.purge_all_but(&subject, limit, effects);
            }
        }
        // What somebody's later start left is kept until a consumer is changed or goes.
        if retention != self.config.retention {
            self.release_unwanted(effects);
        }
        self.set_alarm(effects);
    }

    /// Removes what is too old.
    pub(super) fn expire(&mut self, now: Instant, effects: &mut Effects) {
        if self.config.subject_delete_marker_ttl.is_some() {
            return self.expire_with_markers(now, effects);
        }
        while let Some((end, sequence)) = self.log.next_end()
            && end <= now
        {
            self.remove(sequence, Removal::Deleted, effects);
        }
        if let Some(max_age) = self.config.max_age {
            while let Some((at, sequence)) = self.log.oldest()
                && after(at, max_age).is_some_and(|end| end <= now)
            {
                self.remove(sequence, Removal::Deleted, effects);
            }
        }
    }

    /// Takes a message out, and tells the consumers.
    pub(super) fn remove(&mut self, sequence: u64, why: Removal, effects: &mut Effects) -> bool {
        let Some(message) = self.log.remove(sequence) else {
            return false;
        };
        for key in self.interest.keys(message.subject.as_str()) {
            if let Some(consumer) = self.consumers.get_mut(&key)
                && let Some(pending) = consumer.removed(sequence, effects)
                && why == Removal::Deleted
            {
                let reason = advisory::REMOVED;
                advisory::terminated(&consumer.about(), sequence, &pending, reason, effects);
            }
        }
        true
    }

    /// Takes a message out if its stream keeps messages only for its consumers, and none needs
    /// this one any more.
    pub(super) fn release(&mut self, sequence: u64, effects: &mut Effects) {
        if self.config.retention == Retention::Limits {
            return;
        }
        let Some(message) = self.log.get(sequence) else {
            return;
        };
        let keys = self.interest.keys(message.subject.as_str());
        let needed = |key| self.consumers.get(key).is_some_and(|c| c.needs(sequence));
        if !keys.iter().any(needed) {
            self.remove(sequence, Removal::Done, effects);
        }
    }

    /// Does what became due.
    pub(super) fn wake(&mut self, now: Instant, effects: &mut Effects) {
        self.expire(now, effects);
        self.publish_scheduled(now, effects);
        self.set_alarm(effects);
    }

    pub(super) fn wake_consumer(&mut self, key: u64, now: Instant, effects: &mut Effects) {
        if let Some(consumer) = self.consumers.get_mut(&key) {
            consumer.wake(now, effects);
            if consumer.idle_until.is_some_and(|until| until <= now) {
                self.delete_consumer(key, effects);
            }
        }
    }

    /// Sets the time at which something is to happen without anybody's doing.
    pub(super) fn set_alarm(&self, effects: &mut Effects) {
        let oldest = self.config.max_age.zip(self.log.oldest());
        let old = oldest.and_then(|(max_age, (at, _))| after(at, max_age));
        let end = self.log.next_end().map(|(at, _)| at);
        let at = old.into_iter().chain(end).chain(self.schedules.next()).min();
        effects.alarms.set(Alarm::Stream(self.key), at);
    }
}
