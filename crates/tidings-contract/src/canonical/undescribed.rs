//! A schema without its descriptions, which bind nobody.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::Content;

/// A canonical schema that is written without its descriptions.
///
/// An enum's values that have descriptions are alternatives of one value each, and a list of values
/// where none has: here they are the list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Undescribed<'a>(pub(crate) &'a Value);

/// The text of a schema without its descriptions.
pub(super) fn text(schema: &Value) -> String {
    // Nothing of a `Value` can't be written.
    serde_json::to_string(&Undescribed(schema)).unwrap_or_default()
}

impl Serialize for Undescribed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(keywords) = self.0 else { return self.0.serialize(serializer) };
        if let Some(words) = words(keywords) {
            return one_of(keywords, &words).serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        for (keyword, value) in keywords.iter().filter(|(keyword, _)| *keyword != DESCRIPTION) {
            match (Content::of(keyword), value) {
                (Content::Members, Value::Object(members)) => {
                    map.serialize_entry(keyword, &Members(members))?;
                }
                (Content::Schema, _) => map.serialize_entry(keyword, &Undescribed(value))?,
                (Content::Schemas | Content::Branches, Value::Array(schemas)) => {
                    map.serialize_entry(keyword, &Schemas(schemas))?;
                }
                _ => map.serialize_entry(keyword, value)?,
            }
        }
        map.end()
    }
}

struct Members<'a>(&'a Map<String, Value>);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, schema)| (name, Undescribed(schema))))
    }
}

struct Schemas<'a>(&'a [Value]);

impl Serialize for Schemas<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Undescribed))
    }
}

const DESCRIPTION: &str = "description";

/// The values that a schema allows, if that is all that its alternatives say.
fn words(keywords: &Map<String, Value>) -> Option<Vec<&Value>> {
    let branches = keywords.get("oneOf")?.as_array()?;
    if ["const", "enum", "type"].iter().any(|keyword| keywords.contains_key(*keyword)) {
        return None;
    }
    let mut all = Vec::new();
    for branch in branches {
        let keywords = branch.as_object()?;
        let said = keywords.len() - usize::from(keywords.contains_key(DESCRIPTION));
        let is_text = keywords.get("type").and_then(Value::as_str) == Some("string");
        match (said, keywords.get("const"), keywords.get("enum")) {
            (2, Some(value), None) if is_text => all.push(value),
            (2, None, Some(Value::Array(values))) if is_text => all.extend(values),
            (1, None, None) => all.extend(words(keywords)?),
            _ => return None,
        }
    }
    Some(all)
}

/// A schema with a list of values in the place of its alternatives.
fn one_of(keywords: &Map<String, Value>, words: &[&Value]) -> Value {
    let mut rest = keywords.clone();
    rest.remove("oneOf");
    let mut schema = serde_json::to_value(Undescribed(&Value::Object(rest))).unwrap_or_default();
    let mut listed = Value::Array(words.iter().copied().cloned().collect());
    super::set(&mut listed);
    schema["enum"] = listed;
    schema["type"] = "string".into();
    super::data(schema)
}
