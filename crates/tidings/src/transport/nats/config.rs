//! Consumer configurations to and from async-nats's.

use std::time::SystemTime;

use async_nats::jetstream::consumer::{AckPolicy, Config, DeliverPolicy};

use crate::subject::Subject;
use crate::transport::{ConsumerConfig, DeliverFrom, Fault};

pub(super) fn to_nats(config: &ConsumerConfig) -> Result<Config, Fault> {
    let mut nats = Config {
        durable_name: Some(config.name.clone()),
        name: Some(config.name.clone()),
        deliver_policy: deliver_policy(config.from)?,
        ack_policy: AckPolicy::Explicit,
        ack_wait: config.ack_wait,
        max_deliver: limit(config.max_deliver),
        max_ack_pending: limit(config.max_ack_pending),
        ..Default::default()
    };
    match config.filters.as_slice() {
        // One filter goes into the older field, which every server knows.
        [filter] => nats.filter_subject = filter.to_string(),
        filters => nats.filter_subjects = filters.iter().map(ToString::to_string).collect(),
    }
    Ok(nats)
}

pub(super) fn from_nats(config: Config) -> ConsumerConfig {
    let mut filters: Vec<Subject> = config.filter_subjects.into_iter().map(Subject::from).collect();
    if !config.filter_subject.is_empty() {
        filters.push(Subject::from(config.filter_subject));
    }
    ConsumerConfig {
        name: config.durable_name.or(config.name).unwrap_or_default(),
        filters,
        from: match config.deliver_policy {
            DeliverPolicy::All => DeliverFrom::Beginning,
            DeliverPolicy::New | DeliverPolicy::Last => DeliverFrom::New,
            DeliverPolicy::LastPerSubject => DeliverFrom::LastPerSubject,
            DeliverPolicy::ByStartSequence { start_sequence } => {
                DeliverFrom::Sequence(start_sequence)
            }
            DeliverPolicy::ByStartTime { start_time } => DeliverFrom::Time(start_time.into()),
        },
        ack_wait: config.ack_wait,
        max_deliver: u64::try_from(config.max_deliver).ok().filter(|max| *max > 0),
        max_ack_pending: u64::try_from(config.max_ack_pending).ok().filter(|max| *max > 0),
    }
}

pub(super) fn deliver_policy(from: DeliverFrom) -> Result<DeliverPolicy, Fault> {
    Ok(match from {
        DeliverFrom::Beginning => DeliverPolicy::All,
        DeliverFrom::Sequence(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
        DeliverFrom::Time(time) => DeliverPolicy::ByStartTime { start_time: date_time(time)? },
        DeliverFrom::LastPerSubject => DeliverPolicy::LastPerSubject,
        DeliverFrom::New => DeliverPolicy::New,
    })
}

/// async-nats's own type for a time, whichever of its two backends a build has chosen.
pub(super) fn date_time(time: SystemTime) -> Result<async_nats::datetime::DateTime, Fault> {
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
