//! Faults that a document easily has, and that the parser passes over.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

/// A fault of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Keywords beside a `$ref`, which the parser drops: a variant loses its tag.
    BesideReference,
    /// A reference to the root of a schema, which the parser takes for the document.
    RootReference,
    /// A definition where its schema has it, which no reference of the document leads to.
    LeftDefinition,
    /// An example that its schema refuses, at which the parser does not look.
    WrongExample,
    /// A message of an operation that its channel does not have.
    ForeignMessage,
    /// A handler that sends.
    TurnedAround,
}

impl Fault {
    pub(crate) const ALL: [Self; 6] = [
        Self::BesideReference,
        Self::RootReference,
        Self::LeftDefinition,
        Self::WrongExample,
        Self::ForeignMessage,
        Self::TurnedAround,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BesideReference => "beside-reference",
            Self::RootReference => "root-reference",
            Self::LeftDefinition => "left-definition",
            Self::WrongExample => "wrong-example",
            Self::ForeignMessage => "foreign-message",
            Self::TurnedAround => "turned-around",
        }
    }

    /// Puts it into the document.
    pub(crate) fn put_into(self, document: &mut Value) -> anyhow::Result<()> {
        let place = match self {
            Self::WrongExample => Some((
                "/components/messages/asyncapi.measure.v1/examples/0/payload/ids",
                json!("1"),
            )),
            Self::ForeignMessage => Some((
                "/operations/sawmill.handle.asyncapi.grown.v1/messages/0/$ref",
                json!("#/components/messages/asyncapi.grown.v1"),
            )),
            Self::TurnedAround => {
                Some(("/operations/sawmill.handle.asyncapi.grown.v1/action", json!("send")))
            }
            _ => None,
        };
        if let Some((pointer, other)) = place {
            *document.pointer_mut(pointer).context(pointer)? = other;
            return Ok(());
        }
        let schemas = document["components"]["schemas"].as_object_mut().context("no schemas")?;
        let changed = match self {
            Self::BesideReference => {
                schemas.values_mut().map(|schema| replace(schema, &beside)).sum::<usize>()
            }
            Self::RootReference => {
                let own = |name: &str| format!("#/components/schemas/{name}");
                let each = schemas.iter_mut().filter(|(name, _)| !name.contains(".v1."));
                each.map(|(name, schema)| {
                    let own = json!({ "$ref": own(name) });
                    replace(schema, &|value| (*value == own).then(|| json!({ "$ref": "#" })))
                })
                .sum()
            }
            Self::LeftDefinition => {
                let lost = |value: &Value| {
                    let name = value.as_object()?.get("$ref")?.as_str()?.rsplit('.').next()?;
                    Some(json!({ "$ref": format!("#/$defs/{name}") }))
                };
                schemas.values_mut().map(|schema| replace(schema, &lost)).sum()
            }
            Self::WrongExample | Self::ForeignMessage | Self::TurnedAround => 0,
        };
        ensure!(changed > 0, "the document has no place for {self:?}");
        Ok(())
    }
}

/// Converts an `allOf` of one reference, with keywords beside it, to one object; `None` for any
/// other value.
fn beside(value: &Value) -> Option<Value> {
    let keywords = value.as_object()?;
    let [only] = keywords.get("allOf")?.as_array()?.as_slice() else { return None };
    let reference = only.get("$ref")?;
    keywords.get("properties")?;
    let mut beside = keywords.clone();
    beside.remove("allOf");
    beside.insert("$ref".to_owned(), reference.clone());
    Some(beside.into())
}

/// Replaces values wherever something else is to stand there; gives how often.
fn replace(value: &mut Value, other: &dyn Fn(&Value) -> Option<Value>) -> usize {
    if let Some(other) = other(value) {
        *value = other;
        return 1;
    }
    match value {
        Value::Object(members) => members.values_mut().map(|value| replace(value, other)).sum(),
        Value::Array(elements) => elements.iter_mut().map(|value| replace(value, other)).sum(),
        _ => 0,
    }
}
