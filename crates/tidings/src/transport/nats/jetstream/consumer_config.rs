//! Consumer configurations as a server gives and is given them, and as they are known here.

mod wire;

pub(crate) use wire::Config;

use std::time::Duration;

use crate::subject::Subject;
use crate::transport::{AckPolicy, ConsumerConfig, DeliverFrom, Extent, Foreign};
use wire::{Acks, DeliverPolicy, Nanos, ReplayPolicy, Time};

/// Time that one pull request stays open when nothing comes.
pub(crate) const EXPIRES: Duration = Duration::from_secs(30);

/// Interval of the heartbeats of a consumer that pushes.
const PUSH_HEARTBEAT: Duration = Duration::from_secs(5);

pub(crate) fn to_nats(config: &ConsumerConfig) -> Config {
    let mut nats = Config {
        durable_name: Some(config.name.clone()),
        name: Some(config.name.clone()),
        ack_policy: match config.acks {
            AckPolicy::Explicit => Acks::Explicit,
            AckPolicy::All => Acks::All,
        },
        ..Default::default()
    };
    overlay(config, &mut nats);
    nats
}

/// A consumer without acks, which the server forgets when nobody reads it.
pub(crate) fn ordered(config: &ConsumerConfig, inactive: Duration, extent: Extent) -> Config {
    let mut nats = Config {
        name: Some(config.name.clone()),
        ack_policy: Acks::None,
        inactive_threshold: Nanos(inactive),
        mem_storage: true,
        num_replicas: 1,
        ..Default::default()
    };
    overlay(config, &mut nats);
    nats.max_deliver = 1;
    nats.ack_wait = Nanos::default();
    nats.max_ack_pending = 0;
    nats.headers_only = extent == Extent::Headers;
    nats
}

/// Has it push to an inbox, with heartbeats and flow control.
pub(crate) fn push_to(config: &mut Config, inbox: &Subject) {
    config.deliver_subject = inbox.to_string();
    config.idle_heartbeat = Nanos(PUSH_HEARTBEAT);
    config.flow_control = true;
}

/// Leaves it to the stream when a consumer that nobody reads is forgotten.
pub(crate) fn forget_when_stream_does(config: &mut Config) {
    config.inactive_threshold = Nanos::default();
}

/// Writes what is managed here into a configuration, and leaves everything else.
pub(crate) fn overlay(config: &ConsumerConfig, nats: &mut Config) {
    // What can be told apart only over there stays: `last` reads as `new` here.
    if from(nats) != config.from {
        (nats.opt_start_seq, nats.opt_start_time) = (None, None);
        nats.deliver_policy = match config.from {
            DeliverFrom::Beginning => DeliverPolicy::All,
            DeliverFrom::Sequence(sequence) => {
                nats.opt_start_seq = Some(sequence);
                DeliverPolicy::ByStartSequence
            }
            DeliverFrom::Time(time) => {
                nats.opt_start_time = Some(Time(time));
                DeliverPolicy::ByStartTime
            }
            DeliverFrom::LastPerSubject => DeliverPolicy::LastPerSubject,
            DeliverFrom::New => DeliverPolicy::New,
        };
    }
    nats.ack_wait = Nanos(config.ack_wait);
    nats.backoff = config.backoff.iter().copied().map(Nanos).collect();
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
}

/// Returns `true` if the consumer is there until somebody deletes it, or nobody reads it for long.
pub(crate) fn is_durable(config: &Config) -> bool {
    config.durable_name.is_some()
}

pub(crate) fn from_nats(config: Config) -> ConsumerConfig {
    let (foreign, from) = (foreign(&config), from(&config));
    let mut filters: Vec<Subject> = config.filter_subjects.into_iter().map(Subject::from).collect();
    if !config.filter_subject.is_empty() {
        filters.push(Subject::from(config.filter_subject));
    }
    ConsumerConfig {
        name: config.durable_name.or(config.name).unwrap_or_default(),
        filters,
        from,
        acks: if config.ack_policy == Acks::All { AckPolicy::All } else { AckPolicy::Explicit },
        ack_wait: config.ack_wait.0,
        backoff: config.backoff.into_iter().map(|Nanos(wait)| wait).collect(),
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

/// Traits of a consumer that none made here can have.
fn foreign(config: &Config) -> Vec<Foreign> {
    let mut foreign = Vec::new();
    let mut add = |field, ours, theirs| foreign.push(Foreign { field, ours, theirs });
    if !config.deliver_subject.is_empty() {
        add("deliver_subject", "none: it is pulled from", config.deliver_subject.clone());
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
    if !config.max_expires.is_zero() && config.max_expires.0 < EXPIRES {
        add("max_expires", "none", format!("{:?}", config.max_expires.0));
    }
    if !config.priority_groups.is_empty() {
        add("priority_groups", "none", config.priority_groups.join(", "));
    }
    foreign
}

fn from(config: &Config) -> DeliverFrom {
    match (config.deliver_policy, config.opt_start_seq, config.opt_start_time) {
        (DeliverPolicy::New | DeliverPolicy::Last, ..) => DeliverFrom::New,
        (DeliverPolicy::LastPerSubject, ..) => DeliverFrom::LastPerSubject,
        (DeliverPolicy::ByStartSequence, Some(sequence), _) => DeliverFrom::Sequence(sequence),
        (DeliverPolicy::ByStartTime, _, Some(Time(time))) => DeliverFrom::Time(time),
        // A server makes none by a start that it was not told.
        (DeliverPolicy::All | DeliverPolicy::ByStartSequence | DeliverPolicy::ByStartTime, ..) => {
            DeliverFrom::Beginning
        }
    }
}

/// NATS writes "no limit" as -1.
fn limit(limit: Option<u64>) -> i64 {
    limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789);
        for from in [
            DeliverFrom::Beginning,
            DeliverFrom::New,
            DeliverFrom::LastPerSubject,
            DeliverFrom::Sequence(7),
            DeliverFrom::Time(start),
        ] {
            let config = ConsumerConfig {
                from,
                backoff: vec![Duration::from_secs(1), Duration::from_millis(1500)],
                max_deliver: Some(3),
                filters: vec![Subject::from("a.*".to_owned()), Subject::from("b".to_owned())],
                ..ConsumerConfig::new("mailer")
            };
            let json = serde_json::to_value(to_nats(&config)).unwrap();
            assert_eq!(json["backoff"], json!([1_000_000_000_u64, 1_500_000_000_u64]));
            assert_eq!(from_nats(serde_json::from_value(json).unwrap()), config);
        }
    }

    #[test]
    fn what_is_not_known_here_stays() {
        let found = json!({
            "durable_name": "mailer", "name": "mailer", "deliver_policy": "last",
            "ack_policy": "explicit", "replay_policy": "instant", "ack_wait": 30_000_000_000_u64,
            "sample_freq": "10", "description": "mail", "max_waiting": 512, "a_newer_field": [1],
        });
        let mut nats: Config = serde_json::from_value(found.clone()).unwrap();
        let config = ConsumerConfig { from: DeliverFrom::New, ..ConsumerConfig::new("mailer") };
        overlay(&config, &mut nats);
        let json = serde_json::to_value(&nats).unwrap();
        for field in
            ["deliver_policy", "sample_freq", "description", "max_waiting", "a_newer_field"]
        {
            assert_eq!(json[field], found[field], "{field}");
        }
    }

    #[test]
    fn a_time_that_has_no_place_is_refused() {
        let long = ConsumerConfig { ack_wait: Duration::MAX, ..ConsumerConfig::new("mailer") };
        assert_eq!(serde_json::to_value(to_nats(&long)).unwrap()["ack_wait"], json!(-1));
        let year = Duration::from_secs(31_556_952);
        let from = DeliverFrom::Time(SystemTime::UNIX_EPOCH + year * 9000);
        let late = ConsumerConfig { from, ..ConsumerConfig::new("mailer") };
        let error = serde_json::to_value(to_nats(&late)).unwrap_err();
        assert!(error.to_string().contains("no such time"), "{error}");
    }
}
