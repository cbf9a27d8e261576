//! One form for schemas that mean the same, so that a committed file changes only when a contract
//! does.
//!
//! Keys are sorted, and so is every list whose order means nothing: `required`, `enum`, `type`,
//! and the branches of `allOf`, `anyOf` and `oneOf`. What is data to a schema (an example) keeps its
//! lists as they are.
//!
//! What a reader puts in place of a field that is not there is the reader's own, and may be another
//! value each time (an id, the time): no `default` is part of it. That a reader does without the
//! field is: it is not `required`.

use serde_json::{Map, Value};

/// The canonical form of a JSON Schema.
pub(crate) fn schema(schema: Value) -> Value {
    let Value::Object(mut keywords) = schema else { return schema };
    keywords.remove("default");
    object(keywords, |keyword, value| match Content::of(keyword) {
        Content::Members => members(value, self::schema),
        Content::Schema => self::schema(value),
        Content::Schemas => elements(value, self::schema),
        Content::Branches => branches(elements(value, self::schema)),
        Content::Set => set(data(value)),
        Content::Sets => members(value, |names| set(data(names))),
        Content::Data => data(value),
    })
}

/// A schema without its descriptions, which bind nobody.
///
/// An enum's values that have descriptions are alternatives of one value each, and a list of values
/// where none has: here they are the list.
pub(crate) fn undescribed(schema: Value) -> Value {
    let Value::Object(mut keywords) = schema else { return schema };
    keywords.remove("description");
    let mut schema = object(keywords, |keyword, value| match Content::of(keyword) {
        Content::Members => members(value, undescribed),
        Content::Schema => undescribed(value),
        Content::Schemas | Content::Branches => elements(value, undescribed),
        Content::Set | Content::Sets | Content::Data => value,
    });
    if let Value::Object(keywords) = &mut schema
        && !["const", "enum", "type"].iter().any(|keyword| keywords.contains_key(*keyword))
        && let Some(values) = keywords.get("oneOf").and_then(texts)
    {
        keywords.remove("oneOf");
        keywords.insert("enum".to_owned(), set(values.into()));
        keywords.insert("type".to_owned(), "string".into());
        return data(schema);
    }
    schema
}

/// The texts that a list of schemas allows, if each of these says nothing else.
fn texts(schemas: &Value) -> Option<Vec<Value>> {
    let mut texts = Vec::new();
    for schema in schemas.as_array()? {
        let keywords = schema.as_object()?;
        match (keywords.len(), keywords.get("type")?.as_str()?) {
            (2, "string") => {}
            _ => return None,
        }
        match (keywords.get("const"), keywords.get("enum")) {
            (Some(value), None) => texts.push(value.clone()),
            (None, Some(values)) => texts.extend(values.as_array()?.iter().cloned()),
            _ => return None,
        }
    }
    Some(texts)
}

/// Kind of value that a keyword has.
enum Content {
    /// Schemas by name.
    Members,
    /// A schema.
    Schema,
    /// Schemas in an order.
    Schemas,
    /// Schemas in any order.
    Branches,
    /// Values in any order.
    Set,
    /// Sets by name.
    Sets,
    /// Anything that is no schema.
    Data,
}

impl Content {
    fn of(keyword: &str) -> Self {
        match keyword {
            "$defs" | "definitions" | "properties" | "patternProperties" | "dependentSchemas" => {
                Self::Members
            }
            "additionalProperties"
            | "contains"
            | "contentSchema"
            | "else"
            | "if"
            | "items"
            | "not"
            | "propertyNames"
            | "then"
            | "unevaluatedItems"
            | "unevaluatedProperties" => Self::Schema,
            "prefixItems" => Self::Schemas,
            "allOf" | "anyOf" | "oneOf" => Self::Branches,
            "enum" | "required" | "type" => Self::Set,
            "dependentRequired" => Self::Sets,
            _ => Self::Data,
        }
    }
}

/// Any JSON with its keys sorted and its lists untouched.
pub(crate) fn data(value: Value) -> Value {
    match value {
        Value::Object(members) => object(members, |_, value| data(value)),
        list @ Value::Array(_) => elements(list, data),
        other => other,
    }
}

/// The text of a canonical value: pretty, with a newline at its end.
pub(crate) fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

fn object(members: Map<String, Value>, each: impl Fn(&str, Value) -> Value) -> Value {
    let mut members: Vec<_> = members
        .into_iter()
        .map(|(key, value)| {
            let value = each(&key, value);
            (key, value)
        })
        .collect();
    // A map of serde_json sorts by itself, unless any crate of the build asks it to keep the
    // order of insertion.
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    Value::Object(members.into_iter().collect())
}

fn members(value: Value, each: impl Fn(Value) -> Value) -> Value {
    match value {
        Value::Object(members) => object(members, |_, value| each(value)),
        other => other,
    }
}

fn elements(value: Value, each: impl Fn(Value) -> Value) -> Value {
    match value {
        Value::Array(elements) => Value::Array(elements.into_iter().map(each).collect()),
        other => other,
    }
}

/// Sorted by what binds in each schema, so that a description moves none; only then by all of it.
fn branches(value: Value) -> Value {
    match value {
        Value::Array(mut schemas) => {
            schemas.sort_by_cached_key(|schema| {
                let text = schema.to_string();
                if text.contains("\"description\"") {
                    (undescribed(schema.clone()).to_string(), text)
                } else {
                    (text, String::new())
                }
            });
            schemas.dedup();
            Value::Array(schemas)
        }
        other => other,
    }
}

/// Sorted by its elements' text, without doubles; anything but a list stays as it is.
fn set(value: Value) -> Value {
    match value {
        Value::Array(mut elements) => {
            elements.sort_by_cached_key(Value::to_string);
            elements.dedup();
            Value::Array(elements)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{schema, text, undescribed};

    #[test]
    fn order_without_meaning_disappears() {
        let one = json!({
            "type": ["string", "null"],
            "required": ["b", "a", "a"],
            "properties": {"b": {"enum": [2, "x", 1]}, "a": {"type": "string", "minLength": 1}},
            "anyOf": [{"type": "null"}, {"$ref": "#/$defs/A", "description": "d"}],
            "$defs": {"A": {"oneOf": [{"const": 2}, {"const": 1}]}},
        });
        let other = json!({
            "$defs": {"A": {"oneOf": [{"const": 1}, {"const": 2}]}},
            "anyOf": [{"description": "d", "$ref": "#/$defs/A"}, {"type": "null"}],
            "properties": {"a": {"minLength": 1, "type": "string"}, "b": {"enum": [1, 2, "x"]}},
            "required": ["a", "b"],
            "type": ["null", "string"],
        });
        assert_eq!(text(&schema(one)), text(&schema(other)));
    }

    #[test]
    fn a_description_moves_no_branch() {
        let branches = |one: &str, other: &str| {
            json!({"oneOf": [
                {"description": one, "properties": {"b": true}},
                {"description": other, "properties": {"a": {"properties": {"description": true}}}},
                {"properties": {"c": true}},
            ]})
        };
        let (a, b) = (schema(branches("a", "b")), schema(branches("b", "a")));
        assert_ne!(a, b);
        assert_eq!(undescribed(a.clone()), undescribed(b));
        assert_eq!(
            a["oneOf"][0]["properties"]["a"],
            branches("", "")["oneOf"][1]["properties"]["a"]
        );
        assert_eq!(a["oneOf"][0]["description"], "b");
    }

    #[test]
    fn order_with_meaning_stays() {
        let ordered = json!({
            "const": {"required": ["b", "a"]},
            "examples": [2, 1],
            "prefixItems": [{"type": "string"}, {"type": "null"}],
        });
        assert_eq!(schema(ordered.clone()), ordered);
    }

    #[test]
    fn a_property_called_like_a_keyword_is_a_property() {
        let odd = json!({"properties": {
            "required": {"const": ["b", "a"]},
            "default": {"default": 1, "type": "integer"},
            "enum": {"enum": ["b", "a"]},
        }});
        let sorted = json!({"properties": {
            "default": {"type": "integer"},
            "enum": {"enum": ["a", "b"]},
            "required": {"const": ["b", "a"]},
        }});
        assert_eq!(schema(odd), sorted);
    }

    #[test]
    fn it_is_its_own_canonical_form() {
        let once = schema(json!({"required": ["b", "a"], "anyOf": [true, false]}));
        assert_eq!(schema(once.clone()), once);
        assert_eq!(schema(Value::Bool(true)), Value::Bool(true));
    }
}
