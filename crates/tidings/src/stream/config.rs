//! What a stream is configured with; the fields are NATS's own (ADR-8, ADR-43, ADR-50, ADR-51).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// A stream's configuration. What is `None` is left to the server's default.
///
/// `StreamConfig::new` gives a file stream with one replica, the *limits* retention and no limit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "the switches are NATS's own")]
pub struct StreamConfig {
    /// The stream's name: no white space, `.`, `*`, `>`, `/` or `\`.
    pub name: String,
    /// A sentence about it.
    pub description: Option<String>,
    /// The subject filters whose messages it keeps; empty for a mirror or an aggregate of sources.
    pub subjects: Vec<String>,
    /// When a message leaves the stream.
    pub retention: Retention,
    /// Where messages are kept.
    pub storage: Storage,
    /// On how many servers of a cluster each message is kept: 1 to 5.
    pub replicas: u8,
    /// How old a message may become.
    pub max_age: Option<Duration>,
    /// How many bytes the stream may hold.
    pub max_bytes: Option<u64>,
    /// How many messages the stream may hold.
    pub max_messages: Option<u64>,
    /// How many messages it may hold of one subject.
    pub max_messages_per_subject: Option<u64>,
    /// The size of the largest message it takes, headers included, in bytes.
    pub max_message_size: Option<u32>,
    /// How many consumers it may have.
    pub max_consumers: Option<u32>,
    /// Which messages go when a limit is reached.
    pub discard: Discard,
    /// With [`Discard::New`]: apply the limit per subject as well.
    pub discard_new_per_subject: bool,
    /// How long a `Nats-Msg-Id` is remembered; the server's default is two minutes.
    pub duplicate_window: Option<Duration>,
    /// How stored messages are compressed.
    pub compression: Option<Compression>,
    /// Where in a cluster it is placed.
    pub placement: Option<Placement>,
    /// The stream that this one is a copy of.
    pub mirror: Option<Source>,
    /// The streams that are gathered in this one.
    pub sources: Vec<Source>,
    /// How subjects are changed before messages are stored.
    pub subject_transform: Option<SubjectTransform>,
    /// Where messages are published again once stored.
    pub republish: Option<Republish>,
    /// Let any replica answer reads of single messages.
    pub allow_direct: bool,
    /// The same for a mirror's reads.
    pub mirror_direct: bool,
    /// Let a message replace all earlier ones of its subject (`Nats-Rollup`).
    pub allow_rollup: bool,
    /// Refuse to delete single messages.
    pub deny_delete: bool,
    /// Refuse to purge.
    pub deny_purge: bool,
    /// Let a message bring its own time to live (server 2.11, ADR-43).
    pub allow_message_ttl: bool,
    /// How long the marker of a subject's last, expired message is kept (server 2.11).
    pub subject_delete_marker_ttl: Option<Duration>,
    /// Let messages be scheduled (server 2.12, ADR-51).
    pub allow_message_schedules: bool,
    /// Let messages be published in all-or-nothing batches (server 2.12, ADR-50).
    pub allow_atomic_publish: bool,
    /// Let messages be published in fast batches (server 2.14, ADR-50).
    pub allow_batch_publish: bool,
    /// Make each subject a counter (server 2.12, ADR-49).
    pub allow_message_counter: bool,
    /// The sequence of its first message.
    pub first_sequence: Option<u64>,
    /// Limits on what its consumers may ask for.
    pub consumer_limits: Option<ConsumerLimits>,
    /// When a message counts as stored.
    pub persistence: Option<Persistence>,
    /// Store without telling the publisher. A publish of a stream's event would then never end,
    /// so no event may be declared in such a stream.
    pub no_ack: bool,
    /// Take no more messages and delete none.
    pub sealed: bool,
    /// Free text by name.
    pub metadata: BTreeMap<String, String>,
}

impl StreamConfig {
    /// A stream of this name that keeps these subjects.
    pub fn new<S: Into<String>>(
        name: impl Into<String>,
        subjects: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            name: name.into(),
            description: None,
            subjects: subjects.into_iter().map(Into::into).collect(),
            retention: Retention::Limits,
            storage: Storage::File,
            replicas: 1,
            max_age: None,
            max_bytes: None,
            max_messages: None,
            max_messages_per_subject: None,
            max_message_size: None,
            max_consumers: None,
            discard: Discard::Old,
            discard_new_per_subject: false,
            duplicate_window: None,
            compression: None,
            placement: None,
            mirror: None,
            sources: Vec::new(),
            subject_transform: None,
            republish: None,
            allow_direct: false,
            mirror_direct: false,
            allow_rollup: false,
            deny_delete: false,
            deny_purge: false,
            allow_message_ttl: false,
            subject_delete_marker_ttl: None,
            allow_message_schedules: false,
            allow_atomic_publish: false,
            allow_batch_publish: false,
            allow_message_counter: false,
            first_sequence: None,
            consumer_limits: None,
            persistence: None,
            no_ack: false,
            sealed: false,
            metadata: BTreeMap::new(),
        }
    }
}

/// When a message leaves a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Retention {
    /// When a limit is reached.
    #[default]
    Limits,
    /// When every consumer that is interested has acknowledged it.
    Interest,
    /// When it is acknowledged; each subject has at most one consumer.
    WorkQueue,
}

/// Where a stream's messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Storage {
    /// On disk.
    #[default]
    File,
    /// In the server's memory: gone when it stops.
    Memory,
}

/// Which messages go when a stream's limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Discard {
    /// The oldest are deleted.
    #[default]
    Old,
    /// New ones are refused.
    New,
}

/// How stored messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all, whatever the server's own default.
    None,
    /// With S2.
    S2,
}

/// When a message counts as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Persistence {
    /// Once it is written.
    Written,
    /// Before it is written: faster, and a crash can lose what was acknowledged.
    Async,
}

/// Where in a cluster a stream is placed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// The cluster's name.
    pub cluster: Option<String>,
    /// Tags that the servers must have.
    pub tags: Vec<String>,
}

/// How subjects are changed: `source` is a filter, `destination` may refer to its wildcards as
/// `{{wildcard(1)}}` (ADR-36).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectTransform {
    /// Which subjects.
    pub source: String,
    /// What they become.
    pub destination: String,
}

/// Where messages are published again once stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Republish {
    /// Which subjects.
    pub source: String,
    /// Where to.
    pub destination: String,
    /// Leave the payload out.
    pub headers_only: bool,
}

/// Limits on what a stream's consumers may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsumerLimits {
    /// The longest time that an unused consumer may be kept.
    pub inactive_threshold: Option<Duration>,
    /// The most messages that may be unacknowledged at a time.
    pub max_ack_pending: Option<u64>,
}

/// A stream that another is filled from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Where in it to start; `None` is the beginning.
    pub start: Option<SourceStart>,
    /// Which subjects; `None` is all. Not together with `subject_transforms`.
    pub filter_subject: Option<String>,
    /// How its subjects are changed on the way.
    pub subject_transforms: Vec<SubjectTransform>,
    /// The JetStream domain it lives in.
    pub domain: Option<String>,
    /// The account it lives in, as it is imported.
    pub external: Option<External>,
    /// A durable consumer, made beforehand, to read it through (server 2.14, ADR-60).
    pub consumer: Option<SourceConsumer>,
}

impl Source {
    /// The whole of the stream of this name, in this account and domain.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            start: None,
            filter_subject: None,
            subject_transforms: Vec::new(),
            domain: None,
            external: None,
            consumer: None,
        }
    }
}

/// Where in a source to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceStart {
    /// At this sequence.
    Sequence(u64),
    /// At the first message at or after this time.
    Time(SystemTime),
}

/// A stream in another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The prefix under which its API is imported.
    pub api_prefix: String,
    /// The prefix under which its messages are delivered.
    pub delivery_prefix: Option<String>,
}

/// A durable consumer through which a source is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConsumer {
    /// Its name.
    pub name: String,
    /// The subject it delivers to.
    pub deliver_subject: String,
}
