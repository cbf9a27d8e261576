//! Names of the variants of a choice, for those who make types of a document.
//!
//! A schema without a title has no name, and generators number it: Modelina 5.10.1 (npm) calls it
//! `AnonymousSchema_7`. Serde's enums say their variants' names in the schema, as a tag's constant or as the one
//! member.

use serde_json::{Map, Value};

/// Gives each variant that has no name of its own a title: the choice's name and what the variant is
/// tagged with.
pub(super) fn name(of: &str, variants: &mut [Value]) {
    for variant in variants {
        let Value::Object(variant) = variant else { continue };
        // A reference is named by what it refers to, and what stands beside it is dropped.
        if variant.contains_key("title") || variant.contains_key("$ref") {
            continue;
        }
        if let Some(tag) = tag(variant) {
            let title = format!("{of} {tag}");
            variant.insert("title".to_owned(), title.into());
        }
    }
}

/// The constant of a variant that is tagged inside, or the one member of one that is tagged outside.
fn tag(variant: &Map<String, Value>) -> Option<&str> {
    let members = variant.get("properties")?.as_object()?;
    let required = |name: &str| {
        let all = variant.get("required").and_then(Value::as_array);
        all.is_some_and(|all| all.iter().any(|one| one == name))
    };
    let mut constants = members
        .iter()
        .filter(|(name, _)| required(name))
        .filter_map(|(_, schema)| schema.get("const")?.as_str());
    match (constants.next(), constants.next()) {
        (Some(one), None) => Some(one),
        (None, _) => {
            let (name, _) = members.iter().next().filter(|_| members.len() == 1)?;
            required(name).then_some(name)
        }
        _ => None,
    }
}
