//! Operations: what each service does with a message, and what somebody does where no service says.

use serde_json::{Map, Value, json};

use crate::Catalog;
use crate::descriptor::{Descriptor, Kind};
use crate::service::{Handled, MessageVersion, Service};

/// The longest queue group that the binding of NATS has.
const LONGEST_QUEUE: usize = 255;

/// The operations of a catalog, by name.
pub(super) fn operations(catalog: &Catalog) -> Map<String, Value> {
    let mut operations = Map::new();
    for service in catalog.services() {
        of_service(catalog, service, &mut operations);
    }
    for message in catalog.iter() {
        let tag = message.tag();
        let is = |of: &MessageVersion| of.message == message.name && of.version == message.version;
        let mut services = catalog.services();
        // Who gives the channel its messages, or answers those on it.
        let (name, action, is_told) = match message.kind {
            Kind::Event => {
                (format!("publish.{tag}"), "send", services.any(|one| one.publishes.iter().any(is)))
            }
            Kind::Request => {
                let handles = |one: &Service| one.handles.iter().any(|handled| is(&handled.of));
                (format!("answer.{tag}"), "receive", services.any(handles))
            }
        };
        if !is_told {
            operations.insert(name, operation(message, action));
        }
    }
    operations
}

fn of_service(catalog: &Catalog, service: &Service, operations: &mut Map<String, Value>) {
    let mut add = |verb: &str, of: &MessageVersion, action: &str, handled: Option<&Handled>| {
        // A service may name what another catalog has.
        let Some(message) = catalog.get(&of.message, of.version) else { return };
        let mut operation = operation(message, action);
        operation["tags"] = json!([{ "name": service.name }]);
        operation["x-tidings-service"] = service.name.as_str().into();
        if let Some(handled) = handled {
            how(handled, &mut operation);
        }
        let name = format!("{}.{verb}.{}", service.name, message.tag());
        let again = (2..).map(|i| format!("{name}.{i}"));
        let mut names = std::iter::once(name.clone()).chain(again);
        if let Some(name) = names.find(|name| !operations.contains_key(name)) {
            operations.insert(name, operation);
        }
    };
    for handled in &service.handles {
        let verb = if handled.kind == Kind::Request { "answer" } else { "handle" };
        add(verb, &handled.of, "receive", Some(handled));
    }
    for of in &service.publishes {
        add("publish", of, "send", None);
    }
    for of in &service.asks {
        add("ask", of, "send", None);
    }
}

/// Adds how messages reach a service.
fn how(handled: &Handled, operation: &mut Value) {
    operation["x-tidings-filter"] = handled.filter.as_str().into();
    if let Some(group) = &handled.queue_group {
        if group.len() <= LONGEST_QUEUE {
            operation["bindings"] = json!({ "nats": { "queue": group } });
        } else {
            operation["x-tidings-queue-group"] = group.as_str().into();
        }
    }
    if let Some(consumer) = &handled.consumer {
        operation["x-tidings-consumer"] = consumer.to_value();
    }
}

fn operation(message: &Descriptor, action: &str) -> Value {
    let tag = message.tag();
    let mut operation = json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{tag}") },
        "messages": [{ "$ref": format!("#/channels/{tag}/messages/{tag}") }],
    });
    if message.kind == Kind::Request {
        let channel = answer_channel(message);
        let listed: Vec<Value> = answers(message)
            .map(|(name, _)| json!({ "$ref": format!("#/channels/{channel}/messages/{name}") }))
            .collect();
        operation["reply"] = json!({
            "channel": { "$ref": format!("#/channels/{channel}") },
            "messages": listed,
        });
    }
    operation
}

/// The channel on which a request is answered.
pub(super) fn answer_channel(message: &Descriptor) -> String {
    format!("{}.answer", message.tag())
}

/// Answers of a request: the name and the contract of each message.
pub(super) fn answers(
    message: &Descriptor,
) -> impl Iterator<Item = (String, &crate::contract::Contract)> {
    let parts = [("reply", &message.reply), ("error", &message.error)];
    parts.into_iter().filter_map(|(part, contract)| {
        Some((format!("{}.{part}", message.tag()), contract.as_ref()?))
    })
}
