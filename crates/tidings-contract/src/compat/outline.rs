//! Outline of what stands in a catalog beside its messages, each by its name: a place in it stays where it is when
//! others come and go.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::durable::durables;
use super::schemas::escape;
use crate::Catalog;

/// Services with the messages of each, durable consumers with their filters, and streams, by name.
pub(super) fn of(catalog: &Catalog) -> Value {
    let mut services = BTreeMap::new();
    for service in catalog.services() {
        let mut handles: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for handled in &service.handles {
            handles.entry(handled.of.tag()).or_default().push(handled.to_value());
        }
        let publishes: BTreeMap<String, bool> =
            service.publishes.iter().map(|one| (one.tag(), true)).collect();
        services.insert(&service.name, json!({ "handles": handles, "publishes": publishes }));
    }
    let mut consumers: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for ((stream, name), durable) in durables(catalog) {
        let mut value = durable.config.to_value();
        value["filters"] = json!(durable.filters());
        consumers.entry(stream).or_default().insert(name, value);
    }
    let streams: BTreeMap<&str, &Value> = catalog.streams().collect();
    json!({ "services": services, "consumers": consumers, "streams": streams })
}

/// The pointer to a place in it.
pub(super) fn pointer(names: &[&str]) -> String {
    let mut pointer = String::new();
    for name in names {
        pointer.push('/');
        pointer.push_str(&escape(name));
    }
    pointer
}
