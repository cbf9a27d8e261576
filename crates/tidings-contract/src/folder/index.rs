//! `catalog.json`: all messages at a glance, and the services that no other file has.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Catalog, Descriptor, Service, canonical};

/// The format of the file.
const FORMAT: u32 = 1;

/// Content of the index that no other file has.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    #[serde(default)]
    pub(super) services: Value,
}

pub(super) fn text(catalog: &Catalog) -> String {
    let messages: Vec<Value> = catalog.iter().map(message).collect();
    let streams: Map<String, Value> =
        catalog.streams().map(|(name, config)| (name.to_owned(), config.clone())).collect();
    let services: Vec<Value> = catalog.services().map(Service::to_value).collect();
    let index = json!({
        "format": FORMAT, "messages": messages, "services": services, "streams": streams,
    });
    canonical::text(&canonical::data(index))
}

fn message(message: &Descriptor) -> Value {
    let tokens: Vec<Value> = message
        .tokens()
        .into_iter()
        .map(|name| json!({ "name": name, "schema": token(message, name) }))
        .collect();
    let mut index = json!({
        "name": message.name,
        "version": message.version,
        "kind": message.kind.to_string(),
        "subject": message.subject,
        "filter": message.filter(),
        "tokens": tokens,
        "tagged": message.tagged,
        "file": super::file_name(message),
        "id": message.id,
        "content": message.fingerprint().to_string(),
    });
    let texts = [
        ("description", message.description()),
        ("stream", message.stream.as_deref()),
        ("upcasts", message.upcasts.as_deref()),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            index[key] = text.into();
        }
    }
    if let Some(large) = &message.large {
        index["large"] = json!(large);
    }
    for (part, contract) in message.contracts() {
        let title = contract.read().get("title").cloned().unwrap_or_default();
        index[part] = json!({ "type": title, "content": contract.fingerprint().to_string() });
    }
    index
}

/// The schema of the field that fills a token, as far as the payload says it; `true` for any.
fn token(message: &Descriptor, name: &str) -> Value {
    let Some(payload) = message.payload.as_ref().map(crate::Contract::read) else {
        return true.into();
    };
    let field = payload.get("properties").and_then(|fields| fields.get(name));
    let mut schema = field.cloned().unwrap_or(Value::Bool(true));
    let target = schema.get("$ref").and_then(Value::as_str);
    let definition = target.and_then(|to| payload.pointer(to.strip_prefix('#')?)).cloned();
    if let Some(definition) = definition {
        schema = definition;
    }
    if let Value::Object(keywords) = &mut schema {
        keywords.remove("description");
    }
    schema
}
