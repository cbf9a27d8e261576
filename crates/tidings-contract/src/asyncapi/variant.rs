//! Names of the variants of a choice, for those who make types of a document.
//!
//! A schema without a title has no name, and generators number it: Modelina 5.10.1 (npm) calls it
//! `AnonymousSchema_7`. Serde's enums say their variants' names in the schema, as a tag's constant or as the one
//! member.

use serde_json::{Map, Value};

/// Gives each variant that has no name of its own a title: the choice's name and what the variant is
/// tagged with. What a variant holds in a member, as one that is tagged outside or beside its content does, is
/// named after it.
pub(super) fn name(of: &str, variants: &mut [Value]) {
    for variant in variants.iter_mut().filter_map(Value::as_object_mut) {
        let Some(tag) = tag(variant).map(str::to_owned) else { continue };
        if is_nameless(variant) {
            let title = format!("{of} {tag}");
            variant.insert("title".to_owned(), title.into());
        }
        let Some(title) = variant.get("title").and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        let members = variant.get_mut("properties").and_then(Value::as_object_mut);
        for (name, content) in members.into_iter().flatten() {
            // A type is made of what has fields.
            if let Value::Object(content) = content
                && content.contains_key("properties")
                && is_nameless(content)
            {
                let name = if *name == tag { "Content" } else { name };
                content.insert("title".to_owned(), format!("{title} {name}").into());
            }
        }
    }
}

/// Returns `true` without a title. A reference is named by what it refers to, and what stands beside it is
/// dropped.
fn is_nameless(schema: &Map<String, Value>) -> bool {
    !schema.contains_key("title") && !schema.contains_key("$ref")
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
