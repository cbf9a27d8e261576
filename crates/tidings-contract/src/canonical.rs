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
    object(keywords, |keyword, value| match keyword {
        "$defs" | "definitions" | "properties" | "patternProperties" | "dependentSchemas" => {
            members(value, self::schema)
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
        | "unevaluatedProperties" => self::schema(value),
        "prefixItems" => elements(value, self::schema),
        "allOf" | "anyOf" | "oneOf" => set(elements(value, self::schema)),
        "enum" | "required" | "type" => set(data(value)),
        "dependentRequired" => members(value, |names| set(data(names))),
        _ => data(value),
    })
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

    use super::{schema, text};

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
