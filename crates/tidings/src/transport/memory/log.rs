//! Log of a stream: messages by sequence, and their sequences by subject.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hashbrown::HashMap;
use tidings_subject::{check_subject, matches};
use tokio::time::Instant;

use crate::header::Headers;
use crate::subject::Subject;

/// The messages of one stream.
#[derive(Debug)]
pub(super) struct Log {
    messages: BTreeMap<u64, Message>,
    subjects: HashMap<Arc<str>, BTreeSet<u64>>,
    /// Ends of the messages with a time to live of their own, with their sequences.
    ends: BTreeSet<(Instant, u64)>,
    /// The messages that the stream's `max_age` is for.
    ageing: BTreeSet<u64>,
    last: u64,
    bytes: u64,
}

/// A stored message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) subject: Subject,
    pub(super) headers: Headers,
    pub(super) payload: Bytes,
    pub(super) at: Instant,
    pub(super) lifetime: Lifetime,
    /// Size for which it counts in the stream's bytes.
    pub(super) size: u64,
}

/// Lifetime of a message, as far as it says so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// Kept as long as the stream's `max_age` says.
    OfStream,
    /// Kept until then, and no longer than `max_age`.
    Until(Instant),
    /// Kept for ever, whatever `max_age` says.
    Endless,
}

impl Log {
    /// An empty log whose next message gets this sequence.
    pub(super) fn starting_at(first: u64) -> Self {
        Self {
            messages: BTreeMap::new(),
            subjects: HashMap::new(),
            ends: BTreeSet::new(),
            ageing: BTreeSet::new(),
            last: first.saturating_sub(1),
            bytes: 0,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.messages.len() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sequence of the first message; what the next one gets, if there is none.
    pub(super) fn first(&self) -> u64 {
        self.messages.first_key_value().map_or(self.last + 1, |(sequence, _)| *sequence)
    }

    /// The last sequence that was given.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&Message> {
        self.messages.get(&sequence)
    }

    /// The messages from this sequence on.
    pub(super) fn from(&self, sequence: u64) -> impl Iterator<Item = (u64, &Message)> {
        self.messages.range(sequence..).map(|(sequence, message)| (*sequence, message))
    }

    /// The sequence of the first message stored at or after this time; what the next one gets, if
    /// there is none.
    pub(super) fn first_since(&self, at: Instant) -> u64 {
        self.from(0).find(|(_, m)| m.at >= at).map_or(self.last + 1, |(sequence, _)| sequence)
    }

    pub(super) fn push(&mut self, message: Message) -> u64 {
        self.last += 1;
        if let Some(sequences) = self.subjects.get_mut(message.subject.as_str()) {
            sequences.insert(self.last);
        } else {
            self.subjects.insert(message.subject.as_str().into(), BTreeSet::from([self.last]));
        }
        if let Lifetime::Until(end) = message.lifetime {
            self.ends.insert((end, self.last));
        }
        if message.lifetime != Lifetime::Endless {
            self.ageing.insert(self.last);
        }
        self.bytes += message.size;
        self.messages.insert(self.last, message);
        self.last
    }

    /// Gives a sequence to a message that is not kept.
    pub(super) fn skip(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn remove(&mut self, sequence: u64) -> Option<Message> {
        let message = self.messages.remove(&sequence)?;
        if let Some(sequences) = self.subjects.get_mut(message.subject.as_str()) {
            sequences.remove(&sequence);
            if sequences.is_empty() {
                self.subjects.remove(message.subject.as_str());
            }
        }
        if let Lifetime::Until(end) = message.lifetime {
            self.ends.remove(&(end, sequence));
        }
        self.ageing.remove(&sequence);
        self.bytes -= message.size;
        Some(message)
    }

    /// The message that ends next by its own time to live.
    pub(super) fn next_end(&self) -> Option<(Instant, u64)> {
        self.ends.first().copied()
    }

    /// The oldest message that `max_age` is for, and when it was stored.
    pub(super) fn oldest(&self) -> Option<(Instant, u64)> {
        let sequence = *self.ageing.first()?;
        Some((self.get(sequence)?.at, sequence))
    }

    /// Finds those whose own time to live has passed, in order.
    pub(super) fn ended(&self, now: Instant) -> BTreeSet<u64> {
        self.ends.iter().take_while(|(end, _)| *end <= now).map(|(_, sequence)| *sequence).collect()
    }

    /// Finds those that `max_age` is for and that are so old, in order.
    pub(super) fn older_than(&self, max_age: Duration, now: Instant) -> Vec<u64> {
        let is_old =
            |message: &Message| message.at.checked_add(max_age).is_some_and(|end| end <= now);
        let ageing = self.ageing.iter().copied();
        ageing.take_while(|sequence| self.get(*sequence).is_some_and(is_old)).collect()
    }

    /// Keeps a message until then, whatever else it was to be kept for.
    pub(super) fn keep_until(&mut self, sequence: u64, end: Instant) {
        let Some(message) = self.messages.get_mut(&sequence) else {
            return;
        };
        if let Lifetime::Until(before) = message.lifetime {
            self.ends.remove(&(before, sequence));
        }
        message.lifetime = Lifetime::Until(end);
        self.ends.insert((end, sequence));
        self.ageing.remove(&sequence);
    }

    /// Number of messages of exactly this subject.
    pub(super) fn count_of(&self, subject: &str) -> u64 {
        self.subjects.get(subject).map_or(0, |sequences| sequences.len() as u64)
    }

    pub(super) fn first_of(&self, subject: &str) -> Option<u64> {
        self.subjects.get(subject).and_then(BTreeSet::first).copied()
    }

    pub(super) fn last_of(&self, subject: &str) -> Option<u64> {
        self.subjects.get(subject).and_then(BTreeSet::last).copied()
    }

    /// Number of messages from this sequence on whose subject one of the filters matches.
    pub(super) fn count_from(&self, sequence: u64, filters: &[Subject]) -> usize {
        self.from(sequence).filter(|(_, m)| selects(filters, m.subject.as_str())).count()
    }

    /// The subjects with more messages than that.
    pub(super) fn subjects_over(&self, limit: u64) -> Vec<String> {
        let over = self.subjects.iter().filter(|(_, sequences)| sequences.len() as u64 > limit);
        over.map(|(subject, _)| subject.to_string()).collect()
    }

    /// Number of different subjects.
    pub(super) fn subject_count(&self) -> u64 {
        self.subjects.len() as u64
    }

    /// The sequence of the first message from this one on that a filter matches.
    pub(super) fn next_matching(&self, from: u64, filter: &str) -> Option<u64> {
        if check_subject(filter).is_ok() {
            let sequences = self.subjects.get(filter)?;
            return sequences.range(from..).next().copied();
        }
        let mut messages = self.from(from);
        messages.find(|(_, m)| matches(filter, m.subject.as_str())).map(|(sequence, _)| sequence)
    }

    /// The sequence of the last message that a filter matches.
    pub(super) fn last_matching(&self, filter: &str) -> Option<u64> {
        if check_subject(filter).is_ok() {
            return self.last_of(filter);
        }
        let found = self.subjects.iter().filter(|(subject, _)| matches(filter, subject));
        found.filter_map(|(_, sequences)| sequences.last()).max().copied()
    }

    /// The sequences of all messages that a filter matches, in order.
    pub(super) fn matching(&self, filter: &str) -> BTreeSet<u64> {
        if check_subject(filter).is_ok() {
            return self.subjects.get(filter).cloned().unwrap_or_default();
        }
        let found = self.subjects.iter().filter(|(subject, _)| matches(filter, subject));
        found.flat_map(|(_, sequences)| sequences).copied().collect()
    }

    /// The last sequence of each subject that one of the filters matches, in order.
    pub(super) fn last_of_each(&self, filters: &[Subject]) -> BTreeSet<u64> {
        self.subjects
            .iter()
            .filter(|(subject, _)| selects(filters, subject))
            .filter_map(|(_, sequences)| sequences.last().copied())
            .collect()
    }
}

/// Returns `true` if one of the filters matches; no filter matches everything.
pub(super) fn selects(filters: &[Subject], subject: &str) -> bool {
    filters.is_empty() || filters.iter().any(|filter| matches(filter.as_str(), subject))
}
