//! Consumer configurations to and from async-nats's.

use std::time::{Duration, SystemTime};

use async_nats::jetstream::consumer::{AckPolicy as Acks, Config, DeliverPolicy, ReplayPolicy};

use crate::subject::Subject;
use crate::transport::{AckPolicy, ConsumerConfig, DeliverFrom, Fault, Foreign};

/// How long one pull request stays open when nothing comes.
pub(crate) const EXPIRES: Duration = Duration::from_secs(30);

pub(crate) fn to_nats(config: &ConsumerConfig) -> Result<Config, Fault> {
    let mut nats = Config {
        durable_name: Some(config.name.clone()),
        name: Some(config.name.clone()),
        ack_policy: match config.acks {
            AckPolicy::Explicit => Acks::Explicit,
            AckPolicy::All => Acks::All,
        },
        ..Default::default()
    };
    overlay(config, &mut nats)?;
    Ok(nats)
}

/// A consumer without acks, which the server forgets when nobody reads it.
pub(crate) fn ordered(config: &ConsumerConfig, inactive: Duration) -> Result<Config, Fault> {
    let mut nats = Config {
        name: Some(config.name.clone()),
        ack_policy: Acks::None,
        inactive_threshold: inactive,
        memory_storage: true,
        num_replicas: 1,
        ..Default::default()
    };
    overlay(config, &mut nats)?;
    nats.max_deliver = 1;
    nats.ack_wait = Duration::ZERO;
    nats.max_ack_pending = 0;
    Ok(nats)
}

/// A time as it can be written; one that is too long (292 years) is written as -1 ns, which a server
/// refuses. Cut to 64 bits, as the client does it (0.51), it would be any other time.
fn in_range(time: Duration) -> Duration {
    let fits = i64::try_from(time.as_nanos()).is_ok();
    if fits { time } else { Duration::from_nanos(u64::MAX) }
}

/// Writes what is managed here into a configuration, and leaves everything else.
pub(crate) fn overlay(config: &ConsumerConfig, nats: &mut Config) -> Result<(), Fault> {
    // What can be told apart only over there stays: `last` reads as `new` here.
    if from(&nats.deliver_policy) != config.from {
        nats.deliver_policy = deliver_policy(config.from)?;
    }
    nats.ack_wait = in_range(config.ack_wait);
    nats.backoff = config.backoff.iter().copied().map(in_range).collect();
    nats.max_deliver = limit(config.max_deliver);
    nats.max_ack_pending = limit(config.max_ack_pending);
    let notes = config.metadata.iter().map(|(name, note)| (name.clone(), note.clone()));
    nats.metadata.extend(notes);
    nats.filter_subject.clear();
    nats.filter_subjects.clear();
    match config.filters.as_slice() {
        // One filter goes into the older field, which every server knows.
        [filter] => nats.filter_subject = filter.to_string(),
        filters => nats.filter_subjects = filters.iter().map(ToString::to_string).collect(),
    }
    Ok(())
}

pub(crate) fn from_nats(config: Config) -> ConsumerConfig {
    let foreign = foreign(&config);
    let mut filters: Vec<Subject> = config.filter_subjects.into_iter().map(Subject::from).collect();
    if !config.filter_subject.is_empty() {
        filters.push(Subject::from(config.filter_subject));
    }
    ConsumerConfig {
        name: config.durable_name.or(config.name).unwrap_or_default(),
        filters,
        from: from(&config.deliver_policy),
        acks: if config.ack_policy == Acks::All { AckPolicy::All } else { AckPolicy::Explicit },
        ack_wait: config.ack_wait,
        backoff: config.backoff,
        max_deliver: u64::try_from(config.max_deliver).ok().filter(|max| *max > 0),
        max_ack_pending: u64::try_from(config.max_ack_pending).ok().filter(|max| *max > 0),
        metadata: config
            .metadata
            .into_iter()
            .filter(|(name, _)| !name.starts_with("_nats."))
            .collect(),
        foreign,
    }
}

/// What it is that no consumer made here can be.
fn foreign(config: &Config) -> Vec<Foreign> {
    let mut foreign = Vec::new();
    let mut add = |field, ours, theirs| foreign.push(Foreign { field, ours, theirs });
    if let Some(subject) = config.deliver_subject.as_ref().filter(|subject| !subject.is_empty()) {
        add("deliver_subject", "none: it is pulled from", subject.clone());
    }
    match config.ack_policy {
        Acks::Explicit | Acks::All => {}
        Acks::None => add("ack_policy", "explicit", "none".to_owned()),
        Acks::FlowControl => add("ack_policy", "explicit", "flow_control".to_owned()),
    }
    if config.headers_only {
        add("headers_only", "false", "true".to_owned());
    }
    if config.replay_policy == ReplayPolicy::Original {
        add("replay_policy", "instant", "original".to_owned());
    }
    if config.max_batch > 0 {
        add("max_batch", "none", config.max_batch.to_string());
    }
    if !config.max_expires.is_zero() && config.max_expires < EXPIRES {
        add("max_expires", "none", format!("{:?}", config.max_expires));
    }
    if !config.priority_groups.is_empty() {
        add("priority_groups", "none", config.priority_groups.join(", "));
    }
    foreign
}

fn from(policy: &DeliverPolicy) -> DeliverFrom {
    match *policy {
        DeliverPolicy::All => DeliverFrom::Beginning,
        DeliverPolicy::New | DeliverPolicy::Last => DeliverFrom::New,
        DeliverPolicy::LastPerSubject => DeliverFrom::LastPerSubject,
        DeliverPolicy::ByStartSequence { start_sequence } => DeliverFrom::Sequence(start_sequence),
        DeliverPolicy::ByStartTime { start_time } => DeliverFrom::Time(start_time.into()),
    }
}

pub(crate) fn deliver_policy(from: DeliverFrom) -> Result<DeliverPolicy, Fault> {
    Ok(match from {
        DeliverFrom::Beginning => DeliverPolicy::All,
        DeliverFrom::Sequence(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
        DeliverFrom::Time(time) => DeliverPolicy::ByStartTime { start_time: date_time(time)? },
        DeliverFrom::LastPerSubject => DeliverPolicy::LastPerSubject,
        DeliverFrom::New => DeliverPolicy::New,
    })
}

/// async-nats's own type for a time, whichever of its two backends a build has chosen.
pub(crate) fn date_time(time: SystemTime) -> Result<async_nats::datetime::DateTime, Fault> {
    let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX),
        Err(before) => -i128::try_from(before.duration().as_nanos()).unwrap_or(i128::MAX),
    };
    async_nats::datetime::from_nanos(nanos).map_err(Fault::Client)
}

/// NATS writes "no limit" as -1.
fn limit(limit: Option<u64>) -> i64 {
    limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
}
