//! Stream configurations to and from async-nats's.

use std::time::Duration;

use async_nats::jetstream::stream as nats;

use super::config::date_time;
use crate::stream::{
    Compression, ConsumerLimits, Discard, External, Persistence, Placement, Republish, Retention,
    Source, SourceConsumer, SourceStart, Storage, StreamConfig, SubjectTransform,
};
use crate::transport::Fault;

pub(super) fn to_nats(config: &StreamConfig) -> Result<nats::Config, Fault> {
    Ok(nats::Config {
        name: config.name.clone(),
        description: config.description.clone(),
        subjects: config.subjects.clone(),
        retention: match config.retention {
            Retention::Limits => nats::RetentionPolicy::Limits,
            Retention::Interest => nats::RetentionPolicy::Interest,
            Retention::WorkQueue => nats::RetentionPolicy::WorkQueue,
        },
        storage: match config.storage {
            Storage::File => nats::StorageType::File,
            Storage::Memory => nats::StorageType::Memory,
        },
        num_replicas: usize::from(config.replicas),
        max_age: config.max_age.unwrap_or_default(),
        max_bytes: limit(config.max_bytes),
        max_messages: limit(config.max_messages),
        max_messages_per_subject: limit(config.max_messages_per_subject),
        max_message_size: small_limit(config.max_message_size),
        max_consumers: small_limit(config.max_consumers),
        discard: match config.discard {
            Discard::Old => nats::DiscardPolicy::Old,
            Discard::New => nats::DiscardPolicy::New,
        },
        discard_new_per_subject: config.discard_new_per_subject,
        duplicate_window: config.duplicate_window.unwrap_or_default(),
        compression: config.compression.map(|compression| match compression {
            Compression::None => nats::Compression::None,
            Compression::S2 => nats::Compression::S2,
        }),
        placement: config.placement.as_ref().map(|placement| nats::Placement {
            cluster: placement.cluster.clone(),
            tags: placement.tags.clone(),
        }),
        mirror: config.mirror.as_ref().map(source_to_nats).transpose()?,
        sources: if config.sources.is_empty() {
            None
        } else {
            Some(config.sources.iter().map(source_to_nats).collect::<Result<_, _>>()?)
        },
        subject_transform: config.subject_transform.as_ref().map(transform_to_nats),
        republish: config.republish.as_ref().map(|republish| nats::Republish {
            source: republish.source.clone(),
            destination: republish.destination.clone(),
            headers_only: republish.headers_only,
        }),
        allow_direct: config.allow_direct,
        mirror_direct: config.mirror_direct,
        allow_rollup: config.allow_rollup,
        deny_delete: config.deny_delete,
        deny_purge: config.deny_purge,
        allow_message_ttl: config.allow_message_ttl,
        subject_delete_marker_ttl: config.subject_delete_marker_ttl,
        allow_message_schedules: config.allow_message_schedules,
        allow_atomic_publish: config.allow_atomic_publish,
        allow_batch_publish: config.allow_batch_publish,
        allow_message_counter: config.allow_message_counter,
        first_sequence: config.first_sequence,
        consumer_limits: config.consumer_limits.map(|limits| nats::ConsumerLimits {
            inactive_threshold: limits.inactive_threshold.unwrap_or_default(),
            max_ack_pending: limits
                .max_ack_pending
                .map_or(0, |max| i64::try_from(max).unwrap_or(i64::MAX)),
        }),
        persist_mode: config.persistence.map(|persistence| match persistence {
            Persistence::Written => nats::PersistenceMode::Default,
            Persistence::Async => nats::PersistenceMode::Async,
        }),
        no_ack: config.no_ack,
        sealed: config.sealed,
        metadata: config.metadata.clone().into_iter().collect(),
        ..Default::default()
    })
}

pub(super) fn from_nats(config: nats::Config) -> StreamConfig {
    let mut ours = StreamConfig::new(config.name, config.subjects);
    ours.description = config.description;
    ours.retention = match config.retention {
        nats::RetentionPolicy::Limits => Retention::Limits,
        nats::RetentionPolicy::Interest => Retention::Interest,
        nats::RetentionPolicy::WorkQueue => Retention::WorkQueue,
    };
    ours.storage = match config.storage {
        nats::StorageType::File => Storage::File,
        nats::StorageType::Memory => Storage::Memory,
    };
    ours.replicas = u8::try_from(config.num_replicas).unwrap_or(u8::MAX);
    ours.max_age = some_time(config.max_age);
    ours.max_bytes = positive(config.max_bytes);
    ours.max_messages = positive(config.max_messages);
    ours.max_messages_per_subject = positive(config.max_messages_per_subject);
    ours.max_message_size = positive(config.max_message_size.into()).and_then(small);
    ours.max_consumers = positive(config.max_consumers.into()).and_then(small);
    ours.discard = match config.discard {
        nats::DiscardPolicy::Old => Discard::Old,
        nats::DiscardPolicy::New => Discard::New,
    };
    ours.discard_new_per_subject = config.discard_new_per_subject;
    ours.duplicate_window = some_time(config.duplicate_window);
    ours.compression = config.compression.map(|compression| match compression {
        nats::Compression::None => Compression::None,
        nats::Compression::S2 => Compression::S2,
    });
    ours.placement = config
        .placement
        .map(|placement| Placement { cluster: placement.cluster, tags: placement.tags });
    ours.mirror = config.mirror.map(source_from_nats);
    ours.sources = config.sources.into_iter().flatten().map(source_from_nats).collect();
    ours.subject_transform = config.subject_transform.map(transform_from_nats);
    ours.republish = config.republish.map(|republish| Republish {
        source: republish.source,
        destination: republish.destination,
        headers_only: republish.headers_only,
    });
    ours.allow_direct = config.allow_direct;
    ours.mirror_direct = config.mirror_direct;
    ours.allow_rollup = config.allow_rollup;
    ours.deny_delete = config.deny_delete;
    ours.deny_purge = config.deny_purge;
    ours.allow_message_ttl = config.allow_message_ttl;
    ours.subject_delete_marker_ttl = config.subject_delete_marker_ttl;
    ours.allow_message_schedules = config.allow_message_schedules;
    ours.allow_atomic_publish = config.allow_atomic_publish;
    ours.allow_batch_publish = config.allow_batch_publish;
    ours.allow_message_counter = config.allow_message_counter;
    ours.first_sequence = config.first_sequence;
    ours.consumer_limits = config.consumer_limits.map(|limits| ConsumerLimits {
        inactive_threshold: some_time(limits.inactive_threshold),
        max_ack_pending: positive(limits.max_ack_pending),
    });
    ours.persistence = config.persist_mode.map(|mode| match mode {
        nats::PersistenceMode::Default => Persistence::Written,
        nats::PersistenceMode::Async => Persistence::Async,
    });
    ours.no_ack = config.no_ack;
    ours.sealed = config.sealed;
    ours.metadata = config.metadata.into_iter().collect();
    ours
}

fn source_to_nats(source: &Source) -> Result<nats::Source, Fault> {
    let (start_sequence, start_time) = match source.start {
        None => (None, None),
        Some(SourceStart::Sequence(sequence)) => (Some(sequence), None),
        Some(SourceStart::Time(time)) => (None, Some(date_time(time)?)),
    };
    Ok(nats::Source {
        name: source.name.clone(),
        start_sequence,
        start_time,
        filter_subject: source.filter_subject.clone(),
        subject_transforms: source.subject_transforms.iter().map(transform_to_nats).collect(),
        // The server knows no domain: it is the prefix of another JetStream's API.
        domain: None,
        external: match (&source.domain, &source.external) {
            (None, None) => None,
            (Some(domain), None) => Some(nats::External {
                api_prefix: format!("$JS.{domain}.API"),
                ..Default::default()
            }),
            (None, Some(external)) => Some(nats::External {
                api_prefix: external.api_prefix.clone(),
                delivery_prefix: external.delivery_prefix.clone(),
            }),
            (Some(_), Some(_)) => {
                let name = &source.name;
                return Err(Fault::client(format!(
                    "source `{name}` has a domain and an external prefix; give one"
                )));
            }
        },
        consumer: source.consumer.as_ref().map(|consumer| nats::StreamConsumerSource {
            name: consumer.name.clone(),
            deliver_subject: consumer.deliver_subject.clone(),
        }),
    })
}

fn source_from_nats(source: nats::Source) -> Source {
    let mut ours = Source::new(source.name);
    ours.start = match (source.start_sequence, source.start_time) {
        (Some(sequence), _) => Some(SourceStart::Sequence(sequence)),
        (None, Some(time)) => Some(SourceStart::Time(time.into())),
        (None, None) => None,
    };
    ours.filter_subject = source.filter_subject;
    ours.subject_transforms =
        source.subject_transforms.into_iter().map(transform_from_nats).collect();
    if let Some(external) = source.external {
        // The server writes none as an empty one.
        let delivery_prefix = external.delivery_prefix.filter(|prefix| !prefix.is_empty());
        let domain = domain_of(&external.api_prefix).filter(|_| delivery_prefix.is_none());
        match domain {
            Some(domain) => ours.domain = Some(domain.to_owned()),
            None => {
                ours.external = Some(External { api_prefix: external.api_prefix, delivery_prefix });
            }
        }
    }
    ours.consumer = source.consumer.map(|consumer| SourceConsumer {
        name: consumer.name,
        deliver_subject: consumer.deliver_subject,
    });
    ours
}

/// `$JS.<domain>.API`
fn domain_of(api_prefix: &str) -> Option<&str> {
    let domain = api_prefix.strip_prefix("$JS.")?.strip_suffix(".API")?;
    (!domain.is_empty() && !domain.contains('.')).then_some(domain)
}

fn transform_to_nats(transform: &SubjectTransform) -> nats::SubjectTransform {
    nats::SubjectTransform {
        source: transform.source.clone(),
        destination: transform.destination.clone(),
    }
}

fn transform_from_nats(transform: nats::SubjectTransform) -> SubjectTransform {
    SubjectTransform { source: transform.source, destination: transform.destination }
}

/// NATS writes "no limit" as -1.
fn limit(limit: Option<u64>) -> i64 {
    limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
}

fn small_limit(limit: Option<u32>) -> i32 {
    limit.map_or(-1, |limit| i32::try_from(limit).unwrap_or(i32::MAX))
}

fn positive(limit: i64) -> Option<u64> {
    u64::try_from(limit).ok().filter(|limit| *limit > 0)
}

fn small(limit: u64) -> Option<u32> {
    u32::try_from(limit).ok()
}

fn some_time(time: Duration) -> Option<Duration> {
    Some(time).filter(|time| !time.is_zero())
}
