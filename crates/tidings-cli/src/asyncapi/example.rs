//! Examples of a document: each has to be what the schema allows beside which it stands.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::bail;
use serde_json::{Map, Value, json};
use tidings_contract::Catalog;

use crate::validator;

/// Largest number of refused examples that are told.
const MOST: usize = 20;

/// Keywords that hold schemas by name, and those that hold data.
const NAMED: [&str; 5] =
    ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];
const DATA: [&str; 6] = ["const", "default", "dependentRequired", "enum", "examples", "required"];

/// Checks every example of the payloads, replies and errors, as readers take them: the parsers of
/// `AsyncAPI` 3 do not look at them.
pub(super) fn check(catalog: &Catalog, folder: &Path) -> anyhow::Result<()> {
    let mut refused = Vec::new();
    for message in catalog.iter() {
        let tag = message.tag();
        let parts =
            [("payload", &message.payload), ("reply", &message.reply), ("error", &message.error)];
        for (part, contract) in parts {
            let Some(contract) = contract else { continue };
            let file = folder.join(format!("{tag}.json"));
            let at = format!("{}: {tag}: /{part}/read", file.display());
            look(contract.read(), &at, &mut refused);
        }
    }
    let Some(more) = refused.len().checked_sub(1) else { return Ok(()) };
    let mut text = "examples are refused by the schema beside which they stand".to_owned();
    for one in refused.iter().take(MOST) {
        write!(text, "\n  {one}")?;
    }
    if more >= MOST {
        write!(text, "\n  and {} more", more + 1 - MOST)?;
    }
    bail!("{text}\ncorrect the examples, or the schemas, and write the folder again");
}

/// Looks at the examples of a schema.
fn look(root: &Value, at: &str, refused: &mut Vec<String>) {
    let mut open = vec![(String::new(), root)];
    while let Some((pointer, schema)) = open.pop() {
        let Value::Object(keywords) = schema else { continue };
        if let Some(Value::Array(examples)) = keywords.get("examples") {
            judge(root, &pointer, examples, at, refused);
        }
        for (keyword, value) in keywords {
            let below = format!("{pointer}/{}", escape(keyword));
            match value {
                _ if DATA.contains(&keyword.as_str()) => {}
                Value::Object(members) if NAMED.contains(&keyword.as_str()) => {
                    open.extend(each(members, &below));
                }
                Value::Array(schemas) => {
                    let each = schemas.iter().enumerate();
                    open.extend(each.map(|(i, schema)| (format!("{below}/{i}"), schema)));
                }
                schema => open.push((below, schema)),
            }
        }
    }
}

fn each<'a>(
    members: &'a Map<String, Value>,
    below: &str,
) -> impl Iterator<Item = (String, &'a Value)> {
    members.iter().map(move |(name, schema)| (format!("{below}/{}", escape(name)), schema))
}

/// Judges examples by the schema at a pointer, which may refer to all of its document.
fn judge(root: &Value, pointer: &str, examples: &[Value], at: &str, refused: &mut Vec<String>) {
    const NAME: &str = "urn:tidings:examples";
    let mut document = root.clone();
    document["$id"] = NAME.into();
    let fragment = pointer.replace('%', "%25").replace(' ', "%20").replace('^', "%5E");
    let schema = json!({ "$defs": { "root": document }, "$ref": format!("{NAME}#{fragment}") });
    let validator = match validator::build(&schema) {
        Ok(validator) => validator,
        Err(error) => return refused.push(format!("{at}{pointer}/examples: {error}")),
    };
    for (i, example) in examples.iter().enumerate() {
        let problems = validator::problems(&validator, example);
        let told = problems.iter().map(|one| format!("{at}{pointer}/examples/{i}: {one}"));
        refused.extend(told);
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::look;

    #[test]
    fn examples_are_judged_where_they_stand() {
        let schema = json!({
            "$id": "urn:tidings:a:v1", "type": "object", "required": ["a b"],
            "properties": {
                "a b": {"type": "integer", "format": "uint8", "examples": [7, 256]},
                "examples": {"type": "string", "examples": ["a"]},
                "tree": {"$ref": "#", "examples": [{"a b": 1}, {}]},
                "^%": {"$ref": "#/$defs/Name", "examples": ["x", 1]},
            },
            "$defs": {"Name": {"type": "string", "examples": ["n"]}},
            "examples": [{"a b": 1, "tree": {"a b": -1}}],
        });
        let mut refused = Vec::new();
        look(&schema, "f.json: a.v1: /payload/read", &mut refused);
        refused.sort();
        let places: Vec<_> = refused.iter().map(|one| one.split(": ").nth(2).unwrap()).collect();
        assert_eq!(
            places,
            [
                "/payload/read/examples/0",
                "/payload/read/properties/^%/examples/1",
                "/payload/read/properties/a b/examples/1",
                "/payload/read/properties/tree/examples/1",
            ]
        );
        assert!(refused[0].contains("/tree/a b: "), "{refused:?}");
    }
}
