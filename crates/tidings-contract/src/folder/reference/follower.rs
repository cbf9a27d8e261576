//! Schemas that judge one value together, followed through their references.

use std::ptr;

use hashbrown::HashMap;
use serde_json::Value;

use super::resource::Resources;
use super::{DEEPEST, MOST, ReferenceError};

pub(super) struct Follower<'a> {
    resources: &'a Resources<'a>,
    /// Resource of each schema that has a reference, by its address.
    within: HashMap<*const Value, usize>,
    /// Cost of each schema, by its address: see [`cost`](Self::cost).
    costs: HashMap<*const Value, (u64, usize)>,
    /// The schemas that are being followed.
    entered: Vec<*const Value>,
}

impl<'a> Follower<'a> {
    pub(super) fn new(resources: &'a Resources<'a>) -> Self {
        let each = resources.references.iter();
        let within = each.map(|(schema, within)| (ptr::from_ref(*schema), *within)).collect();
        Self { resources, within, costs: HashMap::new(), entered: Vec::new() }
    }

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
                ("$ref", Value::String(_)) => beside.extend(self.target(schema)?),
                ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => beside.extend(schemas),
                ("not" | "if" | "then" | "else", schema) => beside.push(schema),
                ("dependentSchemas", Value::Object(schemas)) => beside.extend(schemas.values()),
                _ => {}
            }
        }
        Ok(beside)
    }

    /// Target of the reference that a schema has; `None` if it has none.
    pub(super) fn target(&self, schema: &Value) -> Result<Option<&'a Value>, ReferenceError> {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Ok(None) };
        // What is data may be referred to all the same, and is of the document.
        let within = self.within.get(&ptr::from_ref(schema)).copied().unwrap_or_default();
        self.resources.follow(within, reference).map(Some)
    }
}
