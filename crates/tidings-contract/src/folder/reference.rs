//! References of a schema that somebody else wrote: where they lead, and what it costs to follow them.
//!
//! A validator that meets `{"$ref": "#"}` at the root follows it for ever, and one that meets thirty
//! definitions which name the next one twice follows them a billion times. Neither says anything, and
//! no type has such a schema.

mod follower;

use std::borrow::Cow;
use std::ptr;

use hashbrown::{HashMap, HashSet};
use serde_json::Value;

use follower::Follower;

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
    let mut names = HashSet::new();
    let mut found = Vec::new();
    collect(document, &mut names, &mut found);
    let mut follower = Follower { document, names, costs: HashMap::new(), entered: Vec::new() };
    let refused = |schema: Option<&Value>, source| {
        let reference = schema.and_then(reference_of).unwrap_or_default().to_owned();
        let pointer = schema.and_then(|schema| pointer(document, schema)).unwrap_or_default();
        Refused { pointer, reference, source }
    };
    // Where there are fewer of them, none is that far.
    let too_far = if found.len() > DEEPEST { too_far(&follower) } else { None };
    if let Some(reference) = too_far {
        let at = found.into_iter().find(|schema| reference_of(schema) == Some(reference));
        return Err(refused(at, ReferenceError::Deep));
    }
    for schema in found {
        follower.cost(schema, 0).map_err(|source| refused(Some(schema), source))?;
    }
    Ok(())
}

fn reference_of(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)
}

/// Finds every schema that has a reference, and every name by which a schema can be referred to.
fn collect<'a>(value: &'a Value, names: &mut HashSet<Cow<'a, str>>, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("$ref", Value::String(_)) => found.push(value),
                    ("$id", Value::String(id)) => drop(names.insert(Cow::Borrowed(id))),
                    ("$anchor", Value::String(anchor)) => {
                        names.insert(Cow::Owned(format!("#{anchor}")));
                    }
                    // What is data to a schema holds none.
                    ("const" | "enum" | "examples" | "default", _) => {}
                    _ => collect(member, names, found),
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                collect(element, names, found);
            }
        }
        _ => {}
    }
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

/// The reference that is reached from the root through too many others, whatever lies between them.
fn too_far<'a>(follower: &Follower<'a>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    let mut reached = vec![follower.document];
    for level in 0.. {
        let mut references = Vec::new();
        for schema in reached {
            references_in(schema, &mut references);
        }
        references.retain(|reference| seen.insert(*reference));
        match references.first() {
            None => break,
            Some(reference) if level > DEEPEST => return Some(reference),
            Some(_) => {}
        }
        reached = references
            .into_iter()
            .filter_map(|reference| follower.target(reference).ok().flatten())
            .collect();
    }
    None
}

/// The references in a schema, without those of its definitions.
fn references_in<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            let is_data = |name: &str| {
                matches!(name, "$defs" | "definitions" | "const" | "enum" | "examples" | "default")
            };
            for (_, member) in members.iter().filter(|(name, _)| !is_data(name)) {
                references_in(member, references);
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
