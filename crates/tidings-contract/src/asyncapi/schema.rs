//! Schemas in the form that AsyncAPI's parsers keep.
//!
//! Found with `@asyncapi/parser` 3.6.6 (npm): a payload is read as draft-07, what stands beside a
//! `$ref` is dropped, `#` is the whole document, references into `$defs` fail, and numbers are
//! doubles. So definitions move to `components.schemas`, a `$ref` with neighbours becomes an `allOf`,
//! keywords of 2020-12 become those of draft-07, and a bound that no double holds is left out.

use serde_json::{Map, Value, json};

use super::variant;

/// The largest integer below which a double holds each.
const EXACT: u64 = 1 << 53;

/// The schemas of a document, by name.
#[derive(Debug, Default)]
pub(super) struct Components {
    pub(super) schemas: Map<String, Value>,
}

impl Components {
    /// Adds a schema with its definitions; gives the reference to it.
    pub(super) fn add(&mut self, name: &str, schema: &Value) -> Value {
        let definitions = schema.get("$defs").and_then(Value::as_object);
        let names: Map<String, Value> = definitions
            .into_iter()
            .flatten()
            .map(|(definition, _)| {
                (definition.clone(), format!("{name}.{}", plain(definition)).into())
            })
            .collect();
        let rewriter = Rewriter { root: name, definitions: &names };
        for (definition, schema) in definitions.into_iter().flatten() {
            if let Some(Value::String(name)) = names.get(definition) {
                let schema = rewriter.named(definition, schema);
                self.schemas.insert(name.clone(), schema);
            }
        }
        self.schemas.insert(name.to_owned(), rewriter.named(name, schema));
        reference(name)
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A key of a component: ASCII letters, digits, `.`, `-` and `_`.
fn plain(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .collect()
}

struct Rewriter<'a> {
    /// Name of the schema at the root.
    root: &'a str,
    /// Names of its definitions.
    definitions: &'a Map<String, Value>,
}

impl Rewriter<'_> {
    /// A schema that stands by itself: the variants of a choice are named after it.
    fn named(&self, name: &str, schema: &Value) -> Value {
        let name = schema.get("title").and_then(Value::as_str).unwrap_or(name).to_owned();
        let mut schema = self.schema(schema);
        for choice in ["oneOf", "anyOf"] {
            if let Some(Value::Array(variants)) = schema.get_mut(choice) {
                variant::name(&name, variants);
            }
        }
        schema
    }

    fn schema(&self, schema: &Value) -> Value {
        let Value::Object(keywords) = schema else { return schema.clone() };
        let mut out = Map::new();
        let mut all_of = Vec::new();
        for (keyword, value) in keywords {
            match keyword.as_str() {
                "$defs" | "$id" | "$schema" | "$anchor" => {}
                "$ref" => all_of.push(self.target(value)),
                "allOf" => all_of.extend(self.list(value)),
                "properties" => {
                    out.insert(keyword.clone(), self.properties(value));
                }
                "patternProperties" => {
                    out.insert(keyword.clone(), self.members(value));
                }
                "anyOf" | "oneOf" => {
                    out.insert(keyword.clone(), self.list(value).into());
                }
                "prefixItems" => {
                    out.insert("items".to_owned(), self.list(value).into());
                }
                "items" if keywords.contains_key("prefixItems") => {
                    out.insert("additionalItems".to_owned(), self.schema(value));
                }
                "additionalProperties"
                | "contains"
                | "else"
                | "if"
                | "items"
                | "not"
                | "propertyNames"
                | "then" => {
                    out.insert(keyword.clone(), self.schema(value));
                }
                "dependentRequired" => depend(&mut out, value.clone()),
                "dependentSchemas" => depend(&mut out, self.members(value)),
                "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum"
                    if !is_exact(value) => {}
                // What else has looked at a value draft-07 can't ask.
                "unevaluatedProperties" | "unevaluatedItems" => {
                    out.insert(format!("x-{keyword}"), value.clone());
                }
                _ => {
                    out.insert(keyword.clone(), value.clone());
                }
            }
        }
        match (all_of.len(), out.is_empty()) {
            (0, _) => {}
            (1, true) if keywords.contains_key("$ref") => return all_of.swap_remove(0),
            _ => {
                out.insert("allOf".to_owned(), all_of.into());
            }
        }
        Value::Object(out)
    }

    fn target(&self, to: &Value) -> Value {
        let to = to.as_str().unwrap_or_default();
        if to == "#" {
            return reference(self.root);
        }
        let name = to.strip_prefix("#/$defs/").and_then(|name| {
            let name = name.replace("~1", "/").replace("~0", "~");
            self.definitions.get(&name)?.as_str()
        });
        name.map_or_else(|| json!({ "$ref": to }), reference)
    }

    fn list(&self, value: &Value) -> Vec<Value> {
        value.as_array().into_iter().flatten().map(|schema| self.schema(schema)).collect()
    }

    /// Properties have an `allOf` around a reference, so that a description beside it changes nothing
    /// else.
    fn properties(&self, value: &Value) -> Value {
        let mut properties = self.members(value);
        for property in properties.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if property.get("$ref").is_some() {
                *property = json!({ "allOf": [property.take()] });
            }
        }
        properties
    }

    fn members(&self, value: &Value) -> Value {
        let members = value.as_object().into_iter().flatten();
        members
            .map(|(name, schema)| (name.clone(), self.schema(schema)))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// Adds to `dependencies`, which are names or a schema each.
fn depend(out: &mut Map<String, Value>, value: Value) {
    let all = out.entry("dependencies").or_insert_with(|| json!({}));
    let (Value::Object(all), Value::Object(more)) = (all, value) else { return };
    for (name, one) in more {
        match all.remove(&name) {
            None => drop(all.insert(name, one)),
            // Both: a list of names as the schema that it is.
            Some(other) => {
                let both = json!({ "allOf": [as_schema(other), as_schema(one)] });
                all.insert(name, both);
            }
        }
    }
}

fn as_schema(dependency: Value) -> Value {
    if dependency.is_array() { json!({ "required": dependency }) } else { dependency }
}

fn is_exact(number: &Value) -> bool {
    number.as_u64().is_none_or(|number| number <= EXACT)
        && number.as_i64().is_none_or(|number| number.unsigned_abs() <= EXACT)
}
