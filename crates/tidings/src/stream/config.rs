//! Configuration of a stream; the fields are NATS's own (ADR-8, ADR-43, ADR-50, ADR-51).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::json_field::{self, is_false};
use super::{Source, SubjectTransform};

/// A stream's configuration. What is `None` is left to the server's default.
///
/// `StreamConfig::new` gives a file stream with one replica, the *limits* retention and no limit.
///
/// As JSON it is what NATS itself reads and writes, see [`to_json`](Self::to_json). A limit of
/// zero says that there is none, where `None` leaves what a stream has.
///
/// `StreamConfig::default` has no name, and no server takes it before it has one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "the switches are NATS's own")]
pub struct StreamConfig {
    /// The stream's name: no white space, `.`, `*`, `>`, `/` or `\`.
    pub name: String,
    /// A sentence about the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The subject filters whose messages it keeps; empty for a mirror or an aggregate of sources.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "json_field::nullable"
    )]
    pub subjects: Vec<String>,
    /// Retention policy: when a message leaves the stream.
    #[serde(default)]
    pub retention: Retention,
    /// Storage of the messages.
    #[serde(default)]
    pub storage: Storage,
    /// Number of servers of a cluster that keep each message: 1 to 5.
    #[serde(rename = "num_replicas", default = "json_field::one")]
    pub replicas: u8,
    /// Maximum age of a message; `None` is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_field::nanos")]
    pub max_age: Option<Duration>,
    /// Maximum size of all messages together, in bytes; `None` is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_field::limit")]
    pub max_bytes: Option<u64>,
    /// Maximum number of messages; `None` is without limit.
    #[serde(
        rename = "max_msgs",
        default,
        skip_serializing_if = "Option::is_none",
        with = "json_field::limit"
    )]
    pub max_messages: Option<u64>,
    /// Maximum number of messages of one subject; `None` is without limit.
    #[serde(
        rename = "max_msgs_per_subject",
        default,
        skip_serializing_if = "Option::is_none",
        with = "json_field::limit"
    )]
    pub max_messages_per_subject: Option<u64>,
    /// The size of the largest message it takes, headers included, in bytes.
    #[serde(
        rename = "max_msg_size",
        default,
        skip_serializing_if = "Option::is_none",
        with = "json_field::small_limit"
    )]
    pub max_message_size: Option<u32>,
    /// Maximum number of consumers; `None` is 1,000 from nats-server 2.15 on, as in memory, and without limit
    /// before.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_field::small_limit")]
    pub max_consumers: Option<u32>,
    /// Policy of dropping messages when a limit is reached.
    #[serde(default)]
    pub discard: Discard,
    /// Applies the limit per subject as well, with [`Discard::New`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub discard_new_per_subject: bool,
    /// Time for which a `Nats-Msg-Id` is remembered; the server's default is two minutes.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_field::nanos")]
    pub duplicate_window: Option<Duration>,
    /// Compression of stored messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Placement in a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// The stream that this one is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Source>,
    /// The streams that are gathered in this one.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "json_field::nullable"
    )]
    pub sources: Vec<Source>,
    /// Transform of the subjects before messages are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_transform: Option<SubjectTransform>,
    /// Subjects on which messages are published again once stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub republish: Option<Republish>,
    /// Let any replica answer reads of single messages.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_direct: bool,
    /// Direct reads from a mirror.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mirror_direct: bool,
    /// Let a message replace all earlier ones of its subject (`Nats-Rollup`).
    #[serde(rename = "allow_rollup_hdrs", default, skip_serializing_if = "is_false")]
    pub allow_rollup: bool,
    /// Refuse to delete single messages.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deny_delete: bool,
    /// Refuse to purge.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deny_purge: bool,
    /// Let a message bring its own time to live (server 2.11, ADR-43).
    #[serde(rename = "allow_msg_ttl", default, skip_serializing_if = "is_false")]
    pub allow_message_ttl: bool,
    /// Time to live of the marker of a subject's last, expired message (server 2.11).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_field::nanos")]
    pub subject_delete_marker_ttl: Option<Duration>,
    /// Let messages be scheduled (server 2.12, ADR-51).
    #[serde(rename = "allow_msg_schedules", default, skip_serializing_if = "is_false")]
    pub allow_message_schedules: bool,
    /// Let messages be published in all-or-nothing batches (server 2.12, ADR-50).
    #[serde(rename = "allow_atomic", default, skip_serializing_if = "is_false")]
    pub allow_atomic_publish: bool,
    /// Let messages be published in fast batches (server 2.14, ADR-50).
    #[serde(rename = "allow_batched", default, skip_serializing_if = "is_false")]
    pub allow_batch_publish: bool,
    /// Make each subject a counter (server 2.12, ADR-49).
    #[serde(rename = "allow_msg_counter", default, skip_serializing_if = "is_false")]
    pub allow_message_counter: bool,
    /// The sequence of its first message.
    #[serde(rename = "first_seq", default, skip_serializing_if = "Option::is_none")]
    pub first_sequence: Option<u64>,
    /// Limits on what its consumers may ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_limits: Option<ConsumerLimits>,
    /// Moment at which a message counts as stored.
    #[serde(rename = "persist_mode", default, skip_serializing_if = "Option::is_none")]
    pub persistence: Option<Persistence>,
    /// Store without telling the publisher. A publish of a stream's event would then never end,
    /// so no event may be declared in such a stream.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_ack: bool,
    /// Take no more messages and delete none.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sealed: bool,
    /// Free text by name.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "json_field::nullable"
    )]
    pub metadata: BTreeMap<String, String>,
}

impl StreamConfig {
    /// A stream of this name that keeps these subjects.
    pub fn new<S: Into<String>>(
        name: impl Into<String>,
        subjects: impl IntoIterator<Item = S>,
    ) -> Self {
        let subjects = subjects.into_iter().map(Into::into).collect();
        Self { name: name.into(), subjects, replicas: 1, ..Self::default() }
    }

    /// Time for which it keeps the markers of what it deleted, where the server lengthens a shorter time to live of
    /// a message to that.
    pub(crate) fn shortest_ttl(&self) -> Option<Duration> {
        let is_lengthened = self.max_messages_per_subject != Some(1);
        self.subject_delete_marker_ttl.filter(|_| is_lengthened)
    }
}

/// Retention policy of a stream: when a message leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Retention {
    /// Leaves when a limit is reached.
    #[default]
    Limits,
    /// Leaves when every consumer that is interested has acknowledged it.
    Interest,
    /// Leaves when it is acknowledged; each subject has at most one consumer.
    WorkQueue,
}

/// Storage of a stream's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Storage {
    /// Storage on disk.
    #[default]
    File,
    /// Storage in the server's memory: gone when it stops.
    Memory,
}

/// Policy of dropping messages when a stream's limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Discard {
    /// The oldest are deleted.
    #[default]
    Old,
    /// New ones are refused.
    New,
}

/// Compression of stored messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Compression {
    /// No compression, whatever the server's own default.
    None,
    /// Compression with S2.
    S2,
}

/// Moment at which a message counts as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Persistence {
    /// Stored once it is written.
    #[serde(rename = "default")]
    Written,
    /// Stored before it is written: faster, and a crash can lose what was acknowledged.
    Async,
}

/// Placement of a stream in a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Placement {
    /// The cluster's name.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "json_field::not_empty"
    )]
    pub cluster: Option<String>,
    /// Tags that the servers must have.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "json_field::nullable"
    )]
    pub tags: Vec<String>,
}

/// Subjects on which messages are published again once stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Republish {
    /// Filter of the subjects.
    #[serde(rename = "src", default)]
    pub source: String,
    /// Template of the subject to publish on.
    #[serde(rename = "dest")]
    pub destination: String,
    /// Leave the payload out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub headers_only: bool,
}

/// Limits on what a stream's consumers may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConsumerLimits {
    /// The longest time that an unused consumer may be kept.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_field::nanos")]
    pub inactive_threshold: Option<Duration>,
    /// The most messages that may be unacknowledged at a time.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_field::limit")]
    pub max_ack_pending: Option<u64>,
}
