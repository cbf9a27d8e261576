//! JSON Schemas of such types, as schemars would make them.

use std::cell::RefCell;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use tidings_contract::Descriptor;

use crate::shape::{Field, Holds, Named, Presence, Shape};

thread_local! {
    /// The title and the type that [`Drawn`] is.
    static DRAWN: RefCell<Option<(String, Shape)>> = const { RefCell::new(None) };
}

/// Message that has the schema of a shape.
pub(crate) fn described(message: Descriptor, title: &str, shape: &Shape) -> Descriptor {
    DRAWN.replace(Some((title.to_owned(), shape.clone())));
    message.payload::<Drawn>()
}

/// A type that is what [`DRAWN`] says.
struct Drawn;

impl JsonSchema for Drawn {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        DRAWN
            .with_borrow(|drawn| drawn.as_ref().map(|(title, _)| title.clone()))
            .unwrap_or_default()
            .into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let is_written = generator.contract().is_serialize();
        DRAWN.with_borrow(|drawn| {
            let Some((_, shape)) = drawn else { return true.into() };
            let mut root = of_struct(&shape.fields, None, is_written);
            let types = shape.types.iter();
            let definitions: Map<String, Value> = types
                .map(|(name, named)| (name.clone(), Value::Object(of_named(named, is_written))))
                .collect();
            if !definitions.is_empty() {
                root.insert("$defs".to_owned(), Value::Object(definitions));
            }
            root.insert("description".to_owned(), "Something that happened.".into());
            root.into()
        })
    }
}

fn of_named(named: &Named, is_written: bool) -> Map<String, Value> {
    match named {
        Named::Struct(fields) => of_struct(fields, None, is_written),
        Named::Words { words, are_described: false } => {
            object(json!({"type": "string", "enum": words}))
        }
        Named::Words { words, are_described: true } => {
            let each = words.iter().map(
                |word| json!({"type": "string", "const": word, "description": "One of them."}),
            );
            object(json!({"oneOf": each.collect::<Vec<_>>()}))
        }
        Named::Tagged(variants) => {
            let each =
                variants.iter().map(|(tag, fields)| of_struct(fields, Some(tag), is_written));
            object(json!({"oneOf": each.collect::<Vec<_>>()}))
        }
    }
}

fn of_struct(fields: &[Field], tag: Option<&str>, is_written: bool) -> Map<String, Value> {
    let mut properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.clone(), of_field(field))).collect();
    let mut required: Vec<&str> = fields
        .iter()
        .filter(|field| is_written || field.presence == Presence::Always)
        .map(|field| field.name.as_str())
        .collect();
    if let Some(tag) = tag {
        properties.insert("type".to_owned(), json!({"type": "string", "const": tag}));
        required.push("type");
    }
    let mut all = object(json!({"type": "object", "properties": properties}));
    if !required.is_empty() {
        all.insert("required".to_owned(), required.into());
    }
    all
}

fn of_field(field: &Field) -> Value {
    let mut schema = of_content(&field.holds);
    if field.presence == Presence::Maybe {
        if schema.contains_key("$ref") {
            schema = object(json!({"anyOf": [schema, {"type": "null"}]}));
        } else if let Some(kind) = schema.remove("type") {
            schema.insert("type".to_owned(), json!([kind, "null"]));
        }
    }
    if field.is_described {
        schema.insert("description".to_owned(), "Of use to whoever reads it.".into());
    }
    Value::Object(schema)
}

fn of_content(holds: &Holds) -> Map<String, Value> {
    object(match holds {
        Holds::Text { longest: None } => json!({"type": "string"}),
        Holds::Text { longest: Some(longest) } => json!({"type": "string", "maxLength": longest}),
        Holds::Format(format) => json!({"type": "string", "format": format}),
        Holds::Integer("uint8") => {
            json!({"type": "integer", "format": "uint8", "minimum": 0, "maximum": 255})
        }
        Holds::Integer(format) if format.starts_with('u') => {
            json!({"type": "integer", "format": format, "minimum": 0})
        }
        Holds::Integer(format) => json!({"type": "integer", "format": format}),
        Holds::Number => json!({"type": "number", "format": "double"}),
        Holds::Flag => json!({"type": "boolean"}),
        Holds::Of(name) => json!({"$ref": format!("#/$defs/{name}")}),
        Holds::List(inner) => json!({"type": "array", "items": of_content(inner)}),
        Holds::Map(inner) => json!({"type": "object", "additionalProperties": of_content(inner)}),
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
