//! A catalog as an AsyncAPI 3.1 document, for other languages and for those who read.
//!
//! Schemas are hoisted into `components.schemas` in the form that AsyncAPI's own parsers keep: see
//! `schema`.

mod schema;

use serde_json::{Map, Value, json};

use crate::descriptor::{Descriptor, Kind};
use crate::{Catalog, canonical};
use schema::Components;

impl Catalog {
    /// The catalog as an AsyncAPI 3.1 document, with a newline at its end; the same catalog gives
    /// the same bytes.
    ///
    /// Each message is a channel and an operation: an event is sent on its subject, a request is
    /// received and answered with its reply or its error. Payloads are as readers take them.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use tidings_contract::{Catalog, Descriptor};
    ///
    /// #[derive(JsonSchema)]
    /// struct OrderCreated { order_id: String }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let created = Descriptor::event("orders.created", 1, "orders.{region}.created")
    ///     .payload::<OrderCreated>();
    /// let document: serde_json::Value =
    ///     serde_json::from_str(&Catalog::of([created])?.to_asyncapi("Shop", "1.4.0"))?;
    /// assert_eq!(document["asyncapi"], "3.1.0");
    /// assert_eq!(document["channels"]["orders.created.v1"]["address"], "orders.{region}.created");
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_asyncapi(&self, title: &str, version: &str) -> String {
        let mut components = Components::default();
        let (mut channels, mut operations) = (Map::new(), Map::new());
        let mut messages = Map::new();
        for message in self.iter() {
            let tag = message.tag();
            messages.insert(tag.clone(), content(message, &mut components));
            channels.insert(tag.clone(), channel(message));
            let mut operation = json!({
                "action": "send",
                "channel": { "$ref": format!("#/channels/{tag}") },
                "messages": [{ "$ref": format!("#/channels/{tag}/messages/{tag}") }],
            });
            if message.kind == Kind::Request {
                operation["action"] = "receive".into();
                answers(message, &mut components, &mut messages, &mut channels, &mut operation);
            }
            let name = match message.kind {
                Kind::Event => format!("publish.{tag}"),
                Kind::Request => format!("answer.{tag}"),
            };
            operations.insert(name, operation);
        }
        let streams: Map<String, Value> =
            self.streams().map(|(name, config)| (name.to_owned(), config.clone())).collect();
        let mut document = json!({
            "asyncapi": "3.1.0",
            "info": { "title": title, "version": version },
            "defaultContentType": "application/json",
            "channels": channels,
            "operations": operations,
            "components": { "messages": messages, "schemas": components.schemas },
        });
        if !streams.is_empty() {
            document["x-tidings-streams"] = streams.into();
        }
        canonical::text(&canonical::data(document))
    }
}

/// A message of `components.messages`.
fn content(message: &Descriptor, components: &mut Components) -> Value {
    let tag = message.tag();
    let mut content = json!({ "name": tag, "title": message.name });
    if let Some(description) = message.description() {
        content["description"] = description.into();
    }
    if message.tagged {
        content["headers"] = json!({
            "type": "object",
            "properties": { "Tidings-Message": { "const": tag } },
            "required": ["Tidings-Message"],
        });
    }
    if let Some(older) = &message.upcasts {
        content["x-tidings-upcasts"] = older.as_str().into();
    }
    if !message.id.is_empty() {
        content["x-tidings-id"] = message.id.clone().into();
    }
    if let Some(payload) = &message.payload {
        content["payload"] = components.add(&tag, payload.read());
    }
    content
}

fn channel(message: &Descriptor) -> Value {
    let tag = message.tag();
    let mut channel = json!({
        "address": message.subject,
        "messages": { tag.as_str(): { "$ref": format!("#/components/messages/{tag}") } },
    });
    let parameters: Map<String, Value> = message
        .tokens()
        .into_iter()
        .map(|token| {
            let parameter = json!({
                "description": format!("The field `{token}` of the message."),
                "location": format!("$message.payload#/{token}"),
            });
            (token.to_owned(), parameter)
        })
        .collect();
    if !parameters.is_empty() {
        channel["parameters"] = parameters.into();
    }
    if let Some(stream) = &message.stream {
        channel["x-tidings-stream"] = stream.as_str().into();
    }
    channel
}

/// The channel on which a request is answered: its subject is the asker's own.
fn answers(
    message: &Descriptor,
    components: &mut Components,
    messages: &mut Map<String, Value>,
    channels: &mut Map<String, Value>,
    operation: &mut Value,
) {
    let tag = message.tag();
    let channel = format!("{tag}.answer");
    let mut on_channel = Map::new();
    let mut listed = Vec::new();
    for (part, contract) in [("reply", &message.reply), ("error", &message.error)] {
        let Some(contract) = contract else { continue };
        let name = format!("{tag}.{part}");
        let content = json!({ "name": name, "payload": components.add(&name, contract.read()) });
        messages.insert(name.clone(), content);
        listed.push(json!({ "$ref": format!("#/channels/{channel}/messages/{name}") }));
        let reference = json!({ "$ref": format!("#/components/messages/{name}") });
        on_channel.insert(name, reference);
    }
    channels.insert(channel.clone(), json!({ "address": null, "messages": on_channel }));
    operation["reply"] = json!({
        "channel": { "$ref": format!("#/channels/{channel}") },
        "messages": listed,
    });
}

#[cfg(test)]
mod tests;
