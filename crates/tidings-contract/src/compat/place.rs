//! Content of a place in a message's file, as a fingerprint.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Fingerprint;

/// The fingerprint of what stands at a pointer of a message's file, with all that it refers to and
/// without what only describes it. A place that is not there has one, too.
pub(super) fn fingerprint(file: &Value, pointer: &str) -> Fingerprint {
    of(file.pointer(pointer), contract(file, pointer))
}

/// Place of a pointer into one of the schemas of a message.
pub(super) fn fingerprint_within(schema: &Value, pointer: &str) -> Fingerprint {
    of(schema.pointer(pointer), Some(schema))
}

fn of(value: Option<&Value>, contract: Option<&Value>) -> Fingerprint {
    let Some(value) = value else { return Fingerprint::of("") };
    let value = binding(value);
    let mut definitions = BTreeMap::new();
    if let Some(contract) = contract {
        refer(&value, contract, &mut definitions);
    }
    let mut lines = vec![value.to_string()];
    lines.extend(definitions.iter().map(|(reference, content)| format!("{reference} {content}")));
    Fingerprint::of(&lines.join("\n"))
}

/// The schema in which a pointer such as `/payload/read/properties/a` lies.
fn contract<'a>(file: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut tokens = pointer.split('/').skip(1);
    file.get(tokens.next()?)?.get(tokens.next()?)
}

/// Adds the content of every reference below a schema.
fn refer(value: &Value, contract: &Value, definitions: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            if let Some(reference) = reference.filter(|one| !definitions.contains_key(*one)) {
                let target = reference.strip_prefix('#').and_then(|to| contract.pointer(to));
                let content = target.map_or(Value::Null, |target| {
                    // The definitions of the root are no part of it: those that it uses are added.
                    let mut content = binding(target);
                    if let Value::Object(keywords) = &mut content {
                        keywords.remove("$defs");
                    }
                    content
                });
                definitions.insert(reference.to_owned(), content.clone());
                refer(&content, contract, definitions);
            }
            for member in members.values() {
                refer(member, contract, definitions);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                refer(element, contract, definitions);
            }
        }
        _ => {}
    }
}

/// A schema without what binds nobody.
fn binding(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let each = |(keyword, value): (&String, &Value)| {
        let value = match (keyword.as_str(), value) {
            (
                "title" | "description" | "examples" | "deprecated" | "$comment" | "$id"
                | "$schema",
                _,
            ) => {
                return None;
            }
            (
                "$defs" | "definitions" | "properties" | "patternProperties" | "dependentSchemas",
                Value::Object(members),
            ) => {
                let members = members.iter().map(|(name, one)| (name.clone(), binding(one)));
                Value::Object(members.collect())
            }
            ("const" | "enum" | "required" | "type" | "dependentRequired", _) => value.clone(),
            (_, Value::Array(schemas)) => schemas.iter().map(binding).collect(),
            (_, schema) => binding(schema),
        };
        Some((keyword.clone(), value))
    };
    Value::Object(keywords.iter().filter_map(each).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::fingerprint;

    fn file(line: &Value, note: &Value) -> Value {
        json!({"payload": {"read": {
            "$defs": {"Line": line, "Other": {"type": "boolean"}},
            "properties": {
                "description": note,
                "line": {"$ref": "#/$defs/Line"},
                "tree": {"type": "array", "items": {"$ref": "#"}},
            },
        }}})
    }

    #[test]
    fn a_place_is_what_binds_there_and_what_it_refers_to() {
        let text = json!({"type": "string"});
        let at = |line: &Value, note: &Value, name: &str| {
            fingerprint(&file(line, note), &format!("/payload/read/properties/{name}"))
        };
        let line = at(&text, &text, "line");
        assert_eq!(line, at(&json!({"type": "string", "title": "Line"}), &json!(true), "line"));
        assert_ne!(line, at(&json!({"type": "integer"}), &text, "line"));
        // A field may be called as a keyword is.
        assert_ne!(at(&text, &text, "tree"), at(&text, &json!({"type": "null"}), "tree"));
        assert_eq!(at(&text, &text, "gone"), at(&text, &text, "other"));
    }
}
