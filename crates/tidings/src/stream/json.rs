//! A stream's configuration as NATS's own JSON: its names, durations in nanoseconds.

use std::fmt::Display;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::StreamConfig;

/// Every field that is known here, as NATS names it.
const FIELDS: [&str; 38] = [
    "allow_atomic",
    "allow_batched",
    "allow_direct",
    "allow_msg_counter",
    "allow_msg_schedules",
    "allow_msg_ttl",
    "allow_rollup_hdrs",
    "compression",
    "consumer_limits",
    "deny_delete",
    "deny_purge",
    "description",
    "discard",
    "discard_new_per_subject",
    "duplicate_window",
    "first_seq",
    "max_age",
    "max_bytes",
    "max_consumers",
    "max_msg_size",
    "max_msgs",
    "max_msgs_per_subject",
    "metadata",
    "mirror",
    "mirror_direct",
    "name",
    "no_ack",
    "num_replicas",
    "persist_mode",
    "placement",
    "republish",
    "retention",
    "sealed",
    "sources",
    "storage",
    "subject_delete_marker_ttl",
    "subject_transform",
    "subjects",
];

/// A stream's configuration could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamJsonError {
    /// It is no JSON, or not that of a stream.
    #[error("this is no configuration of a stream: {0}")]
    Json(#[from] serde_json::Error),
    /// It says something that is not known here, and would be left out silently.
    #[error(
        "a stream has no field `{field}` that is known here; leave it out, or correct its name"
    )]
    Unknown {
        /// The field.
        field: String,
    },
}

impl StreamConfig {
    /// The configuration as NATS's JSON: what `nats stream add --config` takes, and a server gives
    /// and is given. What is `None` is not in it.
    ///
    /// ```
    /// use tidings::StreamConfig;
    /// use std::time::Duration;
    ///
    /// let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
    /// orders.max_age = Some(Duration::from_secs(60));
    /// let json = orders.to_json();
    /// assert!(json.contains("\"max_age\": 60000000000"));
    /// assert_eq!(StreamConfig::from_json(&json)?, orders);
    /// # Ok::<(), tidings::StreamJsonError>(())
    /// ```
    pub fn to_json(&self) -> String {
        format!("{:#}", self.to_value())
    }

    /// The same as a value, its fields ordered by name.
    pub(crate) fn to_value(&self) -> Value {
        // A source with a domain and a prefix is the one thing that can't be written.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Reads NATS's JSON. What is left out is `None`; -1 and 0 say that there is no limit.
    ///
    /// # Errors
    /// [`StreamJsonError`], also for a field that is not known.
    pub fn from_json(json: &str) -> Result<Self, StreamJsonError> {
        let value: Value = serde_json::from_str(json)?;
        let mut fields = value.as_object().into_iter().flat_map(|fields| fields.keys());
        if let Some(field) = fields.find(|field| !is_known(field)) {
            return Err(StreamJsonError::Unknown { field: field.clone() });
        }
        Ok(serde_json::from_value(value)?)
    }
}

/// Whether it is a field of a stream.
pub(crate) fn is_known(field: &str) -> bool {
    FIELDS.contains(&field)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

pub(super) fn one() -> u8 {
    1
}

/// NATS writes an empty list or map as `null`, too.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// NATS writes no text as an empty one, too.
pub(super) fn not_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.filter(|text: &String| !text.is_empty()))
}

fn too_much<E: serde::de::Error>(number: impl Display) -> E {
    E::custom(format!("{number} is more than can be"))
}

/// A duration in nanoseconds.
pub(super) mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, ser};

    #[expect(clippy::ref_option, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            None => serializer.serialize_none(),
            Some(time) => match i64::try_from(time.as_nanos()) {
                Ok(nanos) => serializer.serialize_i64(nanos),
                Err(_) => Err(ser::Error::custom(format!("{time:?} is longer than NATS knows"))),
            },
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_nanos))
    }
}

/// A number for which 0 and -1 say that there is none.
pub(super) mod limit {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(
        limit: &Option<u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match limit {
            None => serializer.serialize_none(),
            Some(0) => serializer.serialize_i64(-1),
            Some(limit) => serializer.serialize_i64(i64::try_from(*limit).unwrap_or(i64::MAX)),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u64>, D::Error> {
        let limit = Option::<i64>::deserialize(deserializer)?;
        Ok(limit.map(|limit| u64::try_from(limit).unwrap_or(0)))
    }
}

/// The same for a smaller number.
pub(super) mod small_limit {
    use serde::{Deserializer, Serializer};

    use super::{limit, too_much};

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde gives a reference"
    )]
    pub(crate) fn serialize<S: Serializer>(
        small: &Option<u32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // NATS's own are signed.
        let most = u32::try_from(i32::MAX).unwrap_or(u32::MAX);
        limit::serialize(&small.map(|limit| limit.min(most).into()), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u32>, D::Error> {
        let limit = limit::deserialize(deserializer)?;
        limit.map(|limit| u32::try_from(limit).map_err(|_| too_much(limit))).transpose()
    }
}

/// A point in time, as RFC 3339 writes it.
pub(super) mod time {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    #[expect(clippy::ref_option, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            None => serializer.serialize_none(),
            Some(time) => {
                let time = OffsetDateTime::from(*time);
                serializer.serialize_str(&time.format(&Rfc3339).map_err(ser::Error::custom)?)
            }
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let time = OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)?;
        Ok(Some(time.into()))
    }
}
