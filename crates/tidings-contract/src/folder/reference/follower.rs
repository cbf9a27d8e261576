//! Schemas that judge one value together, followed through their references.

use std::borrow::Cow;
use std::ptr;

use hashbrown::{HashMap, HashSet};
use serde_json::Value;

use super::{DEEPEST, MOST, ReferenceError};

pub(super) struct Follower<'a> {
    pub(super) document: &'a Value,
    pub(super) names: HashSet<Cow<'a, str>>,
    /// Cost of each schema, by its address: see [`cost`](Self::cost).
    pub(super) costs: HashMap<*const Value, (u64, usize)>,
    /// The schemas that are being followed.
    pub(super) entered: Vec<*const Value>,
}

impl<'a> Follower<'a> {
    /// Number of schemas that judge a value together with this one, and the number that follow one
    /// another.
    pub(super) fn cost(
        &mut self,
        schema: &'a Value,
        depth: usize,
    ) -> Result<(u64, usize), ReferenceError> {
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
    pub(super) fn target(&self, reference: &str) -> Result<Option<&'a Value>, ReferenceError> {
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
