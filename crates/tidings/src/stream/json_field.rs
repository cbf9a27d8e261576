//! Fields of a stream's configuration in NATS's own JSON: durations in nanoseconds, limits for which
//! -1 says that there is none, times in RFC 3339.

use std::fmt::Display;

use serde::{Deserialize, Deserializer};

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

    use crate::stream::json_field::too_much;

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
        let Some(nanos) = Option::<u64>::deserialize(deserializer)? else { return Ok(None) };
        // A longer time could not be written again.
        if i64::try_from(nanos).is_err() {
            return Err(too_much(nanos));
        }
        Ok(Some(Duration::from_nanos(nanos)))
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

/// Limits of smaller numbers.
pub(super) mod small_limit {
    use serde::{Deserializer, Serializer};

    use crate::stream::json_field::{limit, too_much};

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

    use crate::timestamp;

    #[expect(clippy::ref_option, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            None => serializer.serialize_none(),
            Some(time) => {
                let no_time = || ser::Error::custom("a time must be between the years 0 and 9999");
                serializer.serialize_str(&timestamp::write(*time).ok_or_else(no_time)?)
            }
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let no_time = || de::Error::custom(format_args!("`{text}` is no time of RFC 3339"));
        timestamp::read(&text).ok_or_else(no_time).map(Some)
    }
}
