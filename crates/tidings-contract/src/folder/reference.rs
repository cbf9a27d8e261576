//! References of a schema that somebody else wrote: where they lead, and what it costs to follow them.
//!
//! A validator that meets `{"$ref": "#"}` at the root follows it for ever, and one that meets thirty
//! definitions which name the next one twice follows them a billion times. Neither says anything, and
//! no type has such a schema.

use std::borrow::Cow;
use std::ptr;

use hashbrown::{HashMap, HashSet};
use serde_json::Value;

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

struct Follower<'a> {
    document: &'a Value,
    names: HashSet<Cow<'a, str>>,
    /// Cost of each schema, by its address: see [`cost`](Self::cost).
    costs: HashMap<*const Value, (u64, usize)>,
    /// The schemas that are being followed.
    entered: Vec<*const Value>,
}

impl<'a> Follower<'a> {
    /// Number of schemas that judge a value together with this one, and the number that follow one
    /// another.
    fn cost(&mut self, schema: &'a Value, depth: usize) -> Result<(u64, usize), ReferenceError> {
        let id = ptr::from_ref(schema);
        if let Some(cost) = self.costs.get(&id) {
            return Ok(*cost);
        }
        if self.entered.contains(&id) {
            return Err(ReferenceError::Endless);
        }
        if depth > DEEPEST {
            return Err(ReferenceError::Deep);
        }
        self.entered.push(id);
        let mut cost = (1_u64, 0_usize);
        for next in self.beside(schema)? {
            let (schemas, length) = self.cost(next, depth + 1)?;
            cost = (cost.0.saturating_add(schemas), cost.1.max(length + 1));
        }
        self.entered.pop();
        if cost.0 > MOST {
            return Err(ReferenceError::Costly);
        }
        if cost.1 > DEEPEST {
            return Err(ReferenceError::Deep);
        }
        self.costs.insert(id, cost);
        Ok(cost)
    }

    /// The schemas that judge the same value.
    fn beside(&self, schema: &'a Value) -> Result<Vec<&'a Value>, ReferenceError> {
        let mut beside = Vec::new();
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            match (keyword.as_str(), value) {
                ("$ref", Value::String(reference)) => beside.extend(self.target(reference)?),
                ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => beside.extend(schemas),
                ("not" | "if" | "then" | "else", schema) => beside.push(schema),
                ("dependentSchemas", Value::Object(schemas)) => beside.extend(schemas.values()),
                _ => {}
            }
        }
        Ok(beside)
    }

    /// Target of a reference; `None` for a name whose place need not be known.
    fn target(&self, reference: &str) -> Result<Option<&'a Value>, ReferenceError> {
        let own = self.document.get("$id").and_then(Value::as_str).unwrap_or_default();
        let fragment = reference.strip_prefix(own).unwrap_or(reference);
        match fragment.strip_prefix('#') {
            Some(pointer) if pointer.is_empty() || pointer.starts_with('/') => {
                let found = self.document.pointer(&decoded(pointer));
                Ok(Some(found.ok_or(ReferenceError::Nowhere)?))
            }
            _ if reference == own && !own.is_empty() => Ok(Some(self.document)),
            _ if self.names.contains(reference) => Ok(None),
            Some(_) => Err(ReferenceError::Nowhere),
            None => Err(ReferenceError::Outside),
        }
    }
}

/// A fragment without percent-encoding (RFC 3986); one that is encoded wrongly leads nowhere as it is.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((byte, more)) = rest.split_first() {
        let code = more.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(code) if *byte == b'%' => {
                bytes.push(code);
                rest = &more[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| fragment.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ReferenceError, check};

    fn refused(document: &Value) -> (String, ReferenceError) {
        let refused = check(document).unwrap_err();
        (refused.pointer, refused.source)
    }

    #[test]
    fn what_types_have_passes() {
        for document in [
            json!({"properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}),
            json!({
                "$id": "urn:tidings:a:v1",
                "$defs": {"A/~B": {"properties": {"a": {"$ref": "#/$defs/A~1~0B"}}}, "C D": true},
                "properties": {
                    "b": {"$ref": "urn:tidings:a:v1#/$defs/A~1~0B"}, "c": {"$ref": "#/$defs/C%20D"},
                },
            }),
            json!({"$defs": {"A": {"$anchor": "a"}}, "$ref": "#a"}),
            json!({"const": {"$ref": "http://example.com"}}),
            json!(true),
        ] {
            assert_eq!(check(&document), Ok(()), "{document}");
        }
    }

    #[test]
    fn what_leads_out_or_nowhere_is_refused_where_it_stands() {
        for outside in ["http://127.0.0.1:1/a.json", "file:///etc/passwd", "other.json", "../a"] {
            let document = json!({"properties": {"a": {"$ref": outside}}});
            let at = "/properties/a".to_owned();
            assert_eq!(refused(&document), (at, ReferenceError::Outside), "{outside}");
        }
        let document = json!({"items": {"$ref": "#/$defs/A"}});
        assert_eq!(refused(&document), ("/items".to_owned(), ReferenceError::Nowhere));
    }

    #[test]
    fn what_never_ends_is_refused() {
        assert_eq!(refused(&json!({"$ref": "#"})).1, ReferenceError::Endless);
        let around = json!({"$defs": {
            "A": {"allOf": [{"$ref": "#/$defs/B"}]}, "B": {"$ref": "#/$defs/A"},
        }});
        assert_eq!(refused(&around).1, ReferenceError::Endless);
    }

    #[test]
    fn what_doubles_with_each_step_is_refused() {
        let mut definitions = serde_json::Map::new();
        for i in 0..40 {
            let next = json!({"$ref": format!("#/$defs/A{}", i + 1)});
            definitions.insert(format!("A{i}"), json!({"allOf": [next, next]}));
        }
        definitions.insert("A40".to_owned(), json!(true));
        let document = json!({"$defs": definitions});
        assert_eq!(refused(&document).1, ReferenceError::Costly);
    }

    #[test]
    fn a_long_way_is_refused() {
        let mut definitions = serde_json::Map::new();
        for i in 0..10_000 {
            definitions.insert(format!("A{i}"), json!({"$ref": format!("#/$defs/A{}", i + 1)}));
        }
        definitions.insert("A10000".to_owned(), json!(true));
        assert_eq!(refused(&json!({"$defs": definitions})).1, ReferenceError::Deep);
        for (_, definition) in &mut definitions {
            *definition = json!({"properties": {"a": definition.clone()}});
        }
        let document = json!({"$defs": definitions, "items": {"$ref": "#/$defs/A0"}});
        let at = "/$defs/A200/properties/a".to_owned();
        assert_eq!(refused(&document), (at, ReferenceError::Deep));
    }
}
