//! References of a schema that somebody else wrote: where they lead, and what it costs to follow them.
//!
//! A validator that meets `{"$ref": "#"}` at the root follows it for ever, and one that meets thirty
//! definitions which name the next one twice follows them a billion times. Neither says anything, and
//! no type has such a schema.

mod follower;
mod resource;

use std::ptr;

use hashbrown::HashSet;
use serde_json::Value;

use follower::Follower;
use resource::{Resources, has_names, is_data};

/// Largest number of schemas that may judge one value together.
const MOST: u64 = 100_000;
/// Largest number of references that may follow one another, and of schemas that may lie in one
/// another.
const DEEPEST: usize = 200;

/// Fault of a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// A way out of its document.
    #[error("it leads out of the file, and nothing is fetched")]
    Outside,
    /// A pointer that leads to nothing.
    #[error("nothing stands there")]
    Nowhere,
    /// A way back to itself, on which nothing is judged.
    #[error("it leads back to itself without an end")]
    Endless,
    /// More schemas judge a value together than anybody waits for.
    #[error("more than {MOST} schemas judge one value through it")]
    Costly,
    /// References follow one another for too long.
    #[error("more than {DEEPEST} schemas follow one another from it")]
    Deep,
}

/// A reference that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// JSON pointer to the schema that has it.
    pub(super) pointer: String,
    pub(super) reference: String,
    pub(super) source: ReferenceError,
}

/// Checks all references of a document.
pub(super) fn check(document: &Value) -> Result<(), Refused> {
    let resources = Resources::of(document);
    let mut follower = Follower::new(&resources);
    let refused = |schema: &Value, source| {
        let reference = reference_of(schema).unwrap_or_default().to_owned();
        let pointer = pointer(document, schema).unwrap_or_default();
        Refused { pointer, reference, source }
    };
    // Where there are fewer of them, none is that far.
    let is_long = resources.references.len() > DEEPEST;
    if let Some(schema) = is_long.then(|| too_far(document, &follower)).flatten() {
        return Err(refused(schema, ReferenceError::Deep));
    }
    for (schema, _) in &resources.references {
        follower.cost(schema, 0).map_err(|source| refused(schema, source))?;
    }
    Ok(())
}

fn reference_of(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)
}

/// JSON pointer to a value of a document.
fn pointer(document: &Value, to: &Value) -> Option<String> {
    if ptr::eq(document, to) {
        return Some(String::new());
    }
    let step = |step: &str, inner: &Value| {
        let step = step.replace('~', "~0").replace('/', "~1");
        Some(format!("/{step}{}", pointer(inner, to)?))
    };
    match document {
        Value::Object(members) => members.iter().find_map(|(name, inner)| step(name, inner)),
        Value::Array(elements) => {
            elements.iter().enumerate().find_map(|(at, inner)| step(&at.to_string(), inner))
        }
        _ => None,
    }
}

/// The schema whose reference is reached from the root through too many others, whatever lies between them.
fn too_far<'a>(document: &'a Value, follower: &Follower<'a>) -> Option<&'a Value> {
    let (mut seen, mut entered) = (HashSet::new(), HashSet::new());
    let mut reached = vec![document];
    for level in 0.. {
        let mut references = Vec::new();
        for schema in reached {
            references_in(schema, &mut references);
        }
        references.retain(|schema| seen.insert(ptr::from_ref(*schema)));
        match references.first() {
            None => break,
            Some(schema) if level > DEEPEST => return Some(schema),
            Some(_) => {}
        }
        let targets = references.into_iter().filter_map(|schema| follower.target(schema).ok()?);
        reached = targets.filter(|schema| entered.insert(ptr::from_ref(*schema))).collect();
    }
    None
}

/// The schemas in a schema that have a reference, without those of its definitions.
fn references_in<'a>(value: &'a Value, references: &mut Vec<&'a Value>) {
    match value {
        Value::Object(keywords) => {
            if reference_of(value).is_some() {
                references.push(value);
            }
            for (keyword, inner) in keywords {
                match inner {
                    _ if is_data(keyword) || matches!(&**keyword, "$defs" | "definitions") => {}
                    Value::Object(members) if has_names(keyword) => {
                        members.values().for_each(|member| references_in(member, references));
                    }
                    _ => references_in(inner, references),
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                references_in(element, references);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
