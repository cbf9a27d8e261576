//! A consumer's configuration in NATS's own JSON, of which fields that are not known here are kept.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::timestamp;

/// A consumer's configuration as NATS's own JSON. Fields that are not known here stay as they are.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) durable_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) deliver_subject: String,
    pub(super) deliver_policy: DeliverPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) opt_start_seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) opt_start_time: Option<Time>,
    pub(super) ack_policy: Acks,
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub(super) ack_wait: Nanos,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) backoff: Vec<Nanos>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) max_deliver: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) max_ack_pending: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) filter_subject: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) filter_subjects: Vec<String>,
    pub(super) replay_policy: ReplayPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) headers_only: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) max_batch: i64,
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub(super) max_expires: Nanos,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) priority_groups: Vec<String>,
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub(super) inactive_threshold: Nanos,
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub(super) idle_heartbeat: Nanos,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) flow_control: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) mem_storage: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) num_replicas: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) others: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliverPolicy {
    #[default]
    All,
    Last,
    New,
    ByStartSequence,
    ByStartTime,
    LastPerSubject,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Acks {
    #[default]
    Explicit,
    None,
    All,
    FlowControl,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReplayPolicy {
    #[default]
    Instant,
    Original,
}

/// Time in nanoseconds. One that is too long (292 years) is written as -1, which a server refuses;
/// cut to 64 bits it would be any other time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Nanos(pub(super) Duration);

impl Nanos {
    pub(super) fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(i64::try_from(self.0.as_nanos()).unwrap_or(-1))
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nanos = u64::try_from(i64::deserialize(deserializer)?).unwrap_or_default();
        Ok(Self(Duration::from_nanos(nanos)))
    }
}

/// Time of day as RFC 3339.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(super) SystemTime);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let no_text = || S::Error::custom("a server reads no such time");
        serializer.serialize_str(&timestamp::write(self.0).ok_or_else(no_text)?)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = timestamp::read(&text);
        time.map(Self).ok_or_else(|| D::Error::custom(format_args!("`{text}` is no time")))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
