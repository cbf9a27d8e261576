//! A catalog as an AsyncAPI 3.1 document, for other languages and for those who read.
//!
//! Schemas are hoisted into `components.schemas` in the form that AsyncAPI's own parsers keep: see
//! `schema`.

mod operation;
mod release;
mod schema;
mod variant;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::contract::Contract;
use crate::descriptor::{Descriptor, Kind};
use crate::{Catalog, canonical};
pub use release::AsyncApiRelease;
use schema::Components;

impl Catalog {
    /// The title of its documents: the names of its services, of the first three where there are more;
    /// `Messages` if it has none.
    pub fn title(&self) -> Cow<'_, str> {
        /// Maximum number of services that are named.
        const MOST: usize = 3;
        let names: Vec<&str> = self.services().map(|service| service.name.as_str()).collect();
        match &names[..] {
            [] => "Messages".into(),
            [name] => (*name).into(),
            [first @ .., last] if names.len() <= MOST => {
                format!("{} and {last}", first.join(", ")).into()
            }
            all => format!("{} and {} more", all[..MOST].join(", "), all.len() - MOST).into(),
        }
    }

    /// The version in its documents: that of its services where all have the same, else `0.0.0`.
    pub fn api_version(&self) -> &str {
        let mut versions = self.services().map(|service| service.version.as_deref());
        let first = versions.next().flatten();
        first.filter(|first| versions.all(|other| other == Some(*first))).unwrap_or("0.0.0")
    }

    /// The catalog as an AsyncAPI 3.1 document, with a newline at its end; the same catalog gives
    /// the same bytes.
    ///
    /// Each message is a channel, and a request a second one, on which it is answered. The operations
    /// say who does what: a service receives what it handles, answers requests, sends what it publishes and
    /// asks; a message of which no service says so has an operation of nobody in particular. Payloads are as
    /// readers take them, with the examples that a type gives.
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
        self.to_asyncapi_release(AsyncApiRelease::default(), title, version)
    }

    /// The catalog as a document of a release of AsyncAPI: see [`to_asyncapi`](Self::to_asyncapi), which
    /// takes the newest.
    ///
    /// ```
    /// use tidings_contract::{AsyncApiRelease, Catalog};
    ///
    /// let document = Catalog::default().to_asyncapi_release(AsyncApiRelease::V3_0, "Shop", "1.4.0");
    /// assert!(document.contains("\"asyncapi\": \"3.0.0\""));
    /// ```
    pub fn to_asyncapi_release(
        &self,
        release: AsyncApiRelease,
        title: &str,
        version: &str,
    ) -> String {
        let mut components = Components::default();
        let (mut channels, mut messages) = (Map::new(), Map::new());
        for message in self.iter() {
            let tag = message.tag();
            messages.insert(tag.clone(), content(message, &mut components));
            channels.insert(tag, channel(message));
            if message.kind == Kind::Request {
                answers(message, &mut components, &mut messages, &mut channels);
            }
        }
        let streams: Map<String, Value> =
            self.streams().map(|(name, config)| (name.to_owned(), config.clone())).collect();
        let mut document = json!({
            "asyncapi": release.as_str(),
            "info": { "title": title, "version": version },
            "defaultContentType": "application/json",
            "channels": channels,
            "operations": operation::operations(self),
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
    if let Some(large) = &message.large {
        content["x-tidings-large"] = json!(large);
    }
    if let Some(payload) = &message.payload {
        describe(&mut content, &tag, payload, components);
    }
    content
}

/// Adds the payload and the examples of a contract.
fn describe(content: &mut Value, name: &str, contract: &Contract, components: &mut Components) {
    content["payload"] = components.add(name, contract.read());
    let examples = contract.read().get("examples").and_then(Value::as_array);
    let examples: Vec<Value> =
        examples.into_iter().flatten().map(|one| json!({ "payload": one })).collect();
    if !examples.is_empty() {
        content["examples"] = examples.into();
    }
}

fn channel(message: &Descriptor) -> Value {
    let tag = message.tag();
    let mut channel = json!({
        "address": message.subject,
        "messages": { tag.as_str(): { "$ref": format!("#/components/messages/{tag}") } },
    });
    let properties = message.payload.as_ref().and_then(|one| one.read().get("properties"));
    let parameters: Map<String, Value> = message
        .tokens()
        .into_iter()
        .map(|token| {
            let mut parameter = json!({
                "description": format!("The field `{token}` of the message."),
            });
            // A field may be called otherwise in the payload.
            if properties.is_some_and(|all| all.get(token).is_some()) {
                parameter["location"] = format!("$message.payload#/{token}").into();
            }
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

/// Adds the channel on which a request is answered: its subject is the asker's own.
fn answers(
    message: &Descriptor,
    components: &mut Components,
    messages: &mut Map<String, Value>,
    channels: &mut Map<String, Value>,
) {
    let mut on_channel = Map::new();
    for (name, contract) in operation::answers(message) {
        let mut content = json!({ "name": name });
        describe(&mut content, &name, contract, components);
        let reference = json!({ "$ref": format!("#/components/messages/{name}") });
        messages.insert(name.clone(), content);
        on_channel.insert(name, reference);
    }
    let channel = operation::answer_channel(message);
    channels.insert(channel, json!({ "address": null, "messages": on_channel }));
}

#[cfg(test)]
mod tests;
