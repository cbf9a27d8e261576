//! Validation of a document by a contract's schema.

use std::fmt;

use anyhow::anyhow;
use jsonschema::{PatternOptions, Validator};
use serde::Serialize;
use serde_json::{Map, Value};
use tidings_contract::compat::range;

/// The longest description of a problem, in characters.
const LONGEST: usize = 500;

/// A problem: something that a schema refuses.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    /// JSON pointer into the document.
    pub(crate) pointer: String,
    /// JSON pointer into the schema.
    pub(crate) schema: String,
    pub(crate) text: String,
}

impl Problem {
    /// A problem of the document as a whole.
    pub(crate) fn new(text: String) -> Self {
        Self { pointer: String::new(), schema: String::new(), text }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{at}: {}", self.text)
    }
}

/// The validator of a schema. Nothing is fetched, and no pattern takes more than linear time.
pub(crate) fn build(schema: &Value) -> anyhow::Result<Validator> {
    jsonschema::options()
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex())
        .offline()
        .build(&ranged(schema))
        .map_err(|error| anyhow!("{error}"))
}

/// Everything in a document that the schema refuses.
pub(crate) fn problems(validator: &Validator, document: &Value) -> Vec<Problem> {
    let errors = validator.iter_errors(document);
    errors
        .map(|error| {
            let mut text = error.to_string();
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(end);
                text.push('…');
            }
            let pointer = error.instance_path().to_string();
            Problem { pointer, schema: error.schema_path().to_string(), text }
        })
        .collect()
}

/// A schema whose numeric formats bind as limits, which is what the type of that name does.
fn ranged(schema: &Value) -> Value {
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(elements) => return elements.iter().map(ranged).collect(),
        other => return other.clone(),
    };
    let each = members.iter().map(|(keyword, value)| match keyword.as_str() {
        // Data, and no schemas.
        "const" | "enum" | "examples" | "required" => (keyword.clone(), value.clone()),
        _ => (keyword.clone(), ranged(value)),
    });
    let mut ranged: Map<String, Value> = each.collect();
    let limits = ranged.get("format").and_then(Value::as_str).and_then(range);
    if let Some((least, most)) = limits {
        ranged.entry("minimum").or_insert(least.into());
        ranged.entry("maximum").or_insert(most.into());
    }
    Value::Object(ranged)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{build, problems};

    #[test]
    fn a_problem_has_both_pointers() {
        let schema = json!({
            "type": "object", "required": ["id"],
            "properties": {"id": {"type": "string", "format": "uuid"}, "count": {"format": "uint8", "type": "integer"}},
        });
        let validator = build(&schema).unwrap();
        let found = |document| {
            let problems = problems(&validator, &document).into_iter();
            problems.map(|one| (one.pointer, one.schema)).collect::<Vec<_>>()
        };
        let id = "0191b3a0-7c1e-7b3a-9c5d-2f4e6a8b0c1d";
        assert_eq!(found(json!({"id": id, "count": 255})), []);
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            found(json!({"id": "x", "count": 256})),
            [pair("/count", "/properties/count/maximum"), pair("/id", "/properties/id/format"),]
        );
        assert_eq!(found(json!({})), [pair("", "/required")]);
    }

    #[test]
    fn nothing_is_fetched() {
        for reference in ["http://127.0.0.1:1/a.json", "file:///etc/passwd", "other.json"] {
            assert!(build(&json!({"$ref": reference})).is_err(), "{reference}");
        }
    }
}
