//! Canonical form of schemas: one for all that mean the same, so that a committed file changes only
//! when a contract does.
//!
//! Keys are sorted, and so is every list whose order means nothing: `required`, `enum`, `type`,
//! and the branches of `allOf`, `anyOf` and `oneOf`. What is data to a schema (an example) keeps its
//! lists as they are.
//!
//! What a reader puts in place of a field that is not there is the reader's own, and may be another
//! value each time (an id, the time): no `default` is part of it. That a reader does without the
//! field is: it is not `required`.

mod undescribed;

use serde_json::{Map, Value};

pub(crate) use undescribed::Undescribed;
use undescribed::text as undescribed;

/// Largest number of levels in a schema or another value of a file: a parser of JSON takes 128 in
/// all.
pub(crate) const MOST_LEVELS: usize = 120;

/// Returns `true` if a value has no more levels in one another than a file may have. What has more may
/// have any number of them, so it is looked at without going deeper.
pub(crate) fn is_shallow(value: &Value) -> bool {
    let mut open = vec![(value, 1)];
    while let Some((value, level)) = open.pop() {
        match value {
            Value::Object(_) | Value::Array(_) if level > MOST_LEVELS => return false,
            Value::Object(members) => open.extend(members.values().map(|one| (one, level + 1))),
            Value::Array(elements) => open.extend(elements.iter().map(|one| (one, level + 1))),
            _ => {}
        }
    }
    true
}

/// The canonical form of a JSON Schema.
pub(crate) fn schema(mut schema: Value) -> Value {
    arrange(&mut schema);
    schema
}

fn arrange(schema: &mut Value) {
    let Value::Object(keywords) = schema else { return };
    keywords.remove("default");
    for (keyword, value) in keywords.iter_mut() {
        match Content::of(keyword) {
            Content::Members => members(value, arrange),
            Content::Schema => arrange(value),
            Content::Schemas => elements(value, arrange),
            Content::Branches => {
                elements(value, arrange);
                branches(value);
            }
            Content::Set => set(value),
            Content::Sets => members(value, set),
            Content::Data => sort(value),
        }
    }
    sort_keys(keywords);
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
    /// Data that is no schema.
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

/// JSON with its keys sorted and its lists untouched.
pub(crate) fn data(mut value: Value) -> Value {
    sort(&mut value);
    value
}

/// The text of a canonical value: pretty, with a newline at its end.
pub(crate) fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(keywords) => {
            keywords.values_mut().for_each(sort);
            sort_keys(keywords);
        }
        Value::Array(elements) => elements.iter_mut().for_each(sort),
        _ => {}
    }
}

/// A map of `serde_json` sorts by itself, unless any crate of the build asks it to keep the order of
/// insertion.
fn sort_keys(members: &mut Map<String, Value>) {
    if !members.keys().is_sorted() {
        let mut sorted: Vec<_> = std::mem::take(members).into_iter().collect();
        sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.extend(sorted);
    }
}

fn members(value: &mut Value, each: impl Fn(&mut Value)) {
    if let Value::Object(members) = value {
        members.values_mut().for_each(each);
        sort_keys(members);
    }
}

fn elements(value: &mut Value, each: impl Fn(&mut Value)) {
    if let Value::Array(elements) = value {
        elements.iter_mut().for_each(each);
    }
}

/// Sorted by what binds in each schema, so that a description moves none; only then by all of it.
fn branches(value: &mut Value) {
    if let Value::Array(schemas) = value {
        schemas.sort_by_cached_key(|schema| {
            let text = schema.to_string();
            if text.contains("\"description\"") {
                (undescribed(schema), text)
            } else {
                (text, String::new())
            }
        });
        schemas.dedup();
    }
}

/// Sorted by its elements' text, without doubles; anything but a list stays as it is.
fn set(value: &mut Value) {
    sort(value);
    if let Value::Array(elements) = value
        && !is_set_of_words(elements)
    {
        elements.sort_by_cached_key(Value::to_string);
        elements.dedup();
    }
}

/// Returns `true` for plain words, each once and sorted as their texts in JSON are.
fn is_set_of_words(elements: &[Value]) -> bool {
    let is_plain = |byte: u8| byte > b' ' && !matches!(byte, b'"' | b'\\' | b'!');
    let word = |value: &Value| value.as_str().is_some_and(|word| word.bytes().all(is_plain));
    // Each of these bytes is greater than the quote at the end of a text.
    elements.iter().all(word) && elements.is_sorted_by(|a, b| a.as_str() < b.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Undescribed, schema, text};

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

    fn undescribed(schema: &Value) -> Value {
        serde_json::to_value(Undescribed(schema)).unwrap()
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
        assert_eq!(undescribed(&a), undescribed(&b));
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
    fn a_set_is_sorted_by_its_texts() {
        let sorted = |values: Value| schema(json!({"enum": values}))["enum"].clone();
        for (values, expected) in [
            (json!(["b", "a", "b"]), json!(["a", "b"])),
            (json!(["a", "a b", "a!"]), json!(["a b", "a!", "a"])),
            (json!(["ab", "a"]), json!(["a", "ab"])),
            (json!(["a\"", "a\\", "a"]), json!(["a", "a\"", "a\\"])),
            (json!(["a", 10, 9, null]), json!(["a", 10, 9, null])),
        ] {
            assert_eq!(sorted(values), expected);
            assert_eq!(sorted(expected.clone()), expected);
        }
    }

    #[test]
    fn it_is_its_own_canonical_form() {
        let once = schema(json!({"required": ["b", "a"], "anyOf": [true, false]}));
        assert_eq!(schema(once.clone()), once);
        assert_eq!(schema(Value::Bool(true)), Value::Bool(true));
    }
}
