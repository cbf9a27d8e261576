//! A consumer: how far it has come in its stream, and what it waits to hear about.

mod deliver;
mod pulls;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};
use tokio::time::Instant;

use super::advisory::About;
use super::alarm::Alarm;
use super::clock::Clock;
use super::effects::{Effects, TaskWaker};
use super::log::Log;
use super::pending::Pending;
use crate::transport::{AckPolicy, ConsumerConfig, DeliverFrom};

/// Ack policy: whether messages are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acks {
    /// Messages are settled each by itself.
    Explicit,
    /// An ack settles its message and all before it.
    All,
    /// No acks: delivered is done.
    None,
}

impl From<AckPolicy> for Acks {
    fn from(policy: AckPolicy) -> Self {
        match policy {
            AckPolicy::Explicit => Self::Explicit,
            AckPolicy::All => Self::All,
        }
    }
}

/// State of a consumer.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) key: u64,
    pub(super) stream_key: u64,
    pub(super) stream: Arc<str>,
    pub(super) config: ConsumerConfig,
    pub(super) acks: Acks,
    pub(super) clock: Clock,
    /// The sequence from which it looks for the next message.
    pub(super) next: u64,
    /// Sequences that it delivers before that: the last message of each subject.
    pub(super) first_of_all: BTreeSet<u64>,
    /// Number of messages that it has still to deliver for the first time.
    pub(super) undelivered: u64,
    /// Deliveries that nobody settled.
    pub(super) pending: BTreeMap<u64, Pending>,
    /// Instants at which unsettled deliveries are due again, with their sequences.
    pub(super) deadlines: BTreeSet<(Instant, u64)>,
    /// Sequences to be delivered again, in this order, as far as `due` still holds them.
    pub(super) again: VecDeque<u64>,
    pub(super) due: HashSet<u64>,
    /// Sequences delivered as often as allowed, and never settled.
    pub(super) exhausted: BTreeSet<u64>,
    /// Number of deliveries so far.
    pub(super) delivered: u64,
    /// Ack floor, where an ack is for all up to its message: the sequence of the last that was
    /// acknowledged, and the number of its delivery.
    pub(super) floor: (u64, u64),
    pub(super) paused_until: Option<Instant>,
    /// Time that it is kept while nobody reads it; for ever, if it is `None`.
    pub(super) inactive: Option<Duration>,
    /// Instant at which the consumer ends, as nobody reads it.
    pub(super) idle_until: Option<Instant>,
    /// Number of pulls that read the consumer.
    readers: usize,
    /// The pulls that found nothing.
    parked: HashMap<u64, (u64, TaskWaker)>,
}

/// A message to hand out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) sequence: u64,
    pub(super) attempt: u64,
}

impl Consumer {
    pub(super) fn new(
        key: u64,
        (stream_key, stream): (u64, Arc<str>),
        config: ConsumerConfig,
        acks: Acks,
        clock: Clock,
        log: &Log,
    ) -> Self {
        let mut first_of_all = BTreeSet::new();
        let next = match config.from {
            DeliverFrom::Beginning => log.first(),
            DeliverFrom::Sequence(sequence) => sequence.max(log.first()),
            DeliverFrom::Time(at) => {
                clock.instant(at).map_or(log.last() + 1, |at| log.first_since(at))
            }
            DeliverFrom::LastPerSubject => {
                first_of_all = log.last_of_each(&config.filters);
                log.last() + 1
            }
            DeliverFrom::New => log.last() + 1,
        };
        let undelivered = first_of_all.len() + log.count_from(next, &config.filters);
        Self {
            key,
            stream_key,
            stream,
            config,
            acks,
            clock,
            next,
            first_of_all,
            undelivered: undelivered as u64,
            pending: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            again: VecDeque::new(),
            due: HashSet::new(),
            exhausted: BTreeSet::new(),
            delivered: 0,
            floor: (0, 0),
            paused_until: None,
            inactive: None,
            idle_until: None,
            readers: 0,
            parked: HashMap::new(),
        }
    }

    /// Name and clock of the consumer, for an advisory.
    pub(super) fn about(&self) -> About<'_> {
        About { stream: &self.stream, consumer: &self.config.name, clock: self.clock }
    }

    /// The filters under which it stands in an index of interest.
    pub(super) fn interest(&self) -> Vec<String> {
        if self.config.filters.is_empty() {
            vec![">".to_owned()]
        } else {
            self.config.filters.iter().map(|filter| filter.as_str().to_owned()).collect()
        }
    }

    /// Number of messages that were delivered more than once and not settled, those included that
    /// were given up; as on a server, none where each is delivered once.
    pub(super) fn redelivered(&self) -> u64 {
        if self.config.max_deliver == Some(1) {
            return 0;
        }
        let again = self.pending.values().filter(|pending| pending.attempts > 1).count();
        (again + self.exhausted.len()) as u64
    }

    /// Puts off, or takes away, the time at which a pending message is due again.
    pub(super) fn set_deadline(&mut self, sequence: u64, deadline: Option<Instant>) {
        if let Some(pending) = self.pending.get_mut(&sequence) {
            if let Some(before) = pending.deadline {
                self.deadlines.remove(&(before, sequence));
            }
            if let Some(deadline) = deadline {
                self.deadlines.insert((deadline, sequence));
            }
            pending.deadline = deadline;
        }
    }

    /// Takes a message out of what is pending.
    pub(super) fn forget(&mut self, sequence: u64, effects: &mut Effects) -> Option<Pending> {
        let was_full = self.is_full();
        self.set_deadline(sequence, None);
        let pending = self.pending.remove(&sequence)?;
        self.due.remove(&sequence);
        if was_full {
            self.wake_pulls(effects);
        }
        Some(pending)
    }

    /// Does what became due: a message that nobody settled in time is delivered again.
    pub(super) fn wake(&mut self, now: Instant, effects: &mut Effects) {
        let mut late = BTreeSet::new();
        while let Some((deadline, sequence)) = self.deadlines.first().copied()
            && deadline <= now
        {
            self.set_deadline(sequence, None);
            late.insert(sequence);
        }
        for sequence in late {
            if !self.exhaust(sequence, effects) {
                self.deliver_again(sequence, effects);
            }
        }
        if self.paused_until.is_some_and(|until| until <= now) {
            self.paused_until = None;
            self.wake_pulls(effects);
        }
        self.set_alarm(effects);
    }

    /// Queues a pending message for another delivery.
    pub(super) fn deliver_again(&mut self, sequence: u64, effects: &mut Effects) {
        if self.due.insert(sequence) {
            self.again.push_back(sequence);
            self.wake_pulls(effects);
        }
    }

    pub(super) fn set_alarm(&self, effects: &mut Effects) {
        let deadline = self.deadlines.first().map(|(at, _)| *at);
        let at = deadline.into_iter().chain(self.paused_until).chain(self.idle_until).min();
        let alarm = Alarm::Consumer { stream: self.stream_key, consumer: self.key };
        effects.alarms.set(alarm, at);
    }

    /// A message that its filters select was stored.
    pub(super) fn stored(&mut self, sequence: u64, effects: &mut Effects) {
        // It may have been told to start later.
        if sequence >= self.next {
            self.undelivered += 1;
            self.wake_pulls(effects);
        }
    }

    /// A message that its filters select left the stream. Gives what was known of it, if it was
    /// pending.
    pub(super) fn removed(&mut self, sequence: u64, effects: &mut Effects) -> Option<Pending> {
        if sequence >= self.next || self.first_of_all.remove(&sequence) {
            self.undelivered = self.undelivered.saturating_sub(1);
        }
        self.exhausted.remove(&sequence);
        let pending = self.forget(sequence, effects);
        self.set_alarm(effects);
        pending
    }

    /// Returns `true` if the message must stay because of this consumer.
    pub(super) fn needs(&self, sequence: u64) -> bool {
        sequence >= self.next
            || self.first_of_all.contains(&sequence)
            || self.pending.contains_key(&sequence)
            || self.exhausted.contains(&sequence)
    }

    /// Counts what is still to be delivered, after its filters were changed.
    pub(super) fn recount(&mut self, log: &Log) {
        let undelivered = self.first_of_all.len() + log.count_from(self.next, &self.config.filters);
        self.undelivered = undelivered as u64;
    }

    /// The sequence up to which all is settled.
    pub(super) fn ack_floor(&self) -> u64 {
        let pending = self.pending.first_key_value().map(|(sequence, _)| *sequence);
        let first = pending.into_iter().chain(self.first_of_all.first().copied()).min();
        first.unwrap_or(self.next).saturating_sub(1)
    }
}

/// `None` is never.
pub(super) fn after(now: Instant, time: Duration) -> Option<Instant> {
    now.checked_add(time)
}
