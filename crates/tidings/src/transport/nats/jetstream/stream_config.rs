//! Stream configurations as a server gives and is given them.

use serde_json::{Map, Value};

use crate::stream::{StreamConfig, read_config};
use crate::transport::Fault;

pub(crate) fn to_nats(config: &StreamConfig) -> Result<Value, Fault> {
    serde_json::to_value(config).map_err(Fault::client)
}

/// The configuration that is found, changed to ours. What is not known here stays as it is.
pub(crate) fn overlay(config: &StreamConfig, found: Value) -> Result<Value, Fault> {
    let (_, unknown) = read_config(found.clone()).map_err(Fault::client)?;
    let mut fields: Map<String, Value> = serde_json::from_value(found).map_err(Fault::client)?;
    fields.retain(|field, _| unknown.contains(field));
    let ours: Map<String, Value> =
        serde_json::from_value(to_nats(config)?).map_err(Fault::client)?;
    fields.extend(ours);
    Ok(Value::Object(fields))
}

/// Reads a stream's configuration; what a server writes out where nothing was asked for is `None`.
pub(crate) fn from_nats(found: Value) -> Result<StreamConfig, Fault> {
    let config: StreamConfig = serde_json::from_value(found).map_err(Fault::client)?;
    Ok(config.without_zeroes())
}
