//! Stream configurations as a server gives and is given them.

use serde_json::{Map, Value};

use crate::stream::{ConsumerLimits, Placement, StreamConfig, is_known};
use crate::transport::Fault;

pub(crate) fn to_nats(config: &StreamConfig) -> Result<Value, Fault> {
    serde_json::to_value(config).map_err(Fault::client)
}

/// The configuration that is found, changed to ours. What is not known here stays as it is.
pub(crate) fn overlay(config: &StreamConfig, found: Value) -> Result<Value, Fault> {
    let mut fields: Map<String, Value> = serde_json::from_value(found).map_err(Fault::client)?;
    fields.retain(|field, _| !is_known(field));
    let ours: Map<String, Value> =
        serde_json::from_value(to_nats(config)?).map_err(Fault::client)?;
    fields.extend(ours);
    Ok(Value::Object(fields))
}

/// What a server writes out where nothing was asked for is `None`.
pub(crate) fn from_nats(mut config: StreamConfig) -> StreamConfig {
    for time in [&mut config.max_age, &mut config.duplicate_window] {
        *time = time.filter(|time| !time.is_zero());
    }
    config.subject_delete_marker_ttl =
        config.subject_delete_marker_ttl.filter(|time| !time.is_zero());
    for limit in [
        &mut config.max_bytes,
        &mut config.max_messages,
        &mut config.max_messages_per_subject,
        &mut config.first_sequence,
    ] {
        *limit = limit.filter(|limit| *limit > 0);
    }
    for limit in [&mut config.max_message_size, &mut config.max_consumers] {
        *limit = limit.filter(|limit| *limit > 0);
    }
    if let Some(limits) = &mut config.consumer_limits {
        limits.inactive_threshold = limits.inactive_threshold.filter(|time| !time.is_zero());
        limits.max_ack_pending = limits.max_ack_pending.filter(|limit| *limit > 0);
    }
    config.consumer_limits = config.consumer_limits.filter(|l| *l != ConsumerLimits::default());
    config.placement = config.placement.filter(|placement| *placement != Placement::default());
    config
}
