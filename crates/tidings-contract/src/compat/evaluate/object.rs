//! Judgement of objects: their members, their names, and what nothing else has looked at.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Evaluator, Judgement, and};
use crate::compat::node::{Condition, Id, Node};

impl Evaluator<'_> {
    pub(super) fn object(
        &mut self,
        node: &Node,
        value: &Value,
        members: &Map<String, Value>,
    ) -> Judgement {
        let length = members.len() as u64;
        let missing = |name: &String| !members.contains_key(name);
        if length < node.min_properties
            || node.max_properties.is_some_and(|most| length > most)
            || node.required.iter().any(missing)
            || node
                .dependent_required
                .iter()
                .any(|(name, others)| !missing(name) && others.iter().any(missing))
        {
            return Some(false);
        }
        let mut judgement = Some(true);
        let mut unevaluated = Vec::new();
        for (name, member) in members {
            if !self.reader.work.spend(node.patterns.len()) {
                return None;
            }
            let mut known = false;
            if let Some(schema) = node.properties.get(name) {
                judgement = and(judgement, self.accepts(*schema, member));
                known = true;
            }
            for (pattern, schema) in &node.patterns {
                match pattern.is_in(name) {
                    Some(true) => {
                        judgement = and(judgement, self.accepts(*schema, member));
                        known = true;
                    }
                    Some(false) => {}
                    None => judgement = and(judgement, None),
                }
            }
            if !known {
                match node.additional {
                    Some(rest) => judgement = and(judgement, self.accepts(rest, member)),
                    None => unevaluated.push((name, member)),
                }
            }
            if let Some(names) = node.names {
                let name = Value::String(name.clone());
                judgement = and(judgement, self.accepts(names, &name));
            }
            if judgement == Some(false) {
                return judgement;
            }
        }
        for (name, schema) in &node.dependent_schemas {
            if members.contains_key(name) {
                judgement = and(judgement, self.accepts(*schema, value));
            }
        }
        if let Some(rest) = node.unevaluated_properties {
            let evaluated = self.evaluated_beside(node, value);
            for (name, member) in unevaluated {
                match evaluated.as_ref().map(|names| names.contains(name)) {
                    Some(true) => {}
                    Some(false) => judgement = and(judgement, self.accepts(rest, member)),
                    None => judgement = and(judgement, None),
                }
            }
        }
        judgement
    }

    /// The names of a value that a schema's combinators have judged; `None` where that is not
    /// plain. What does not hold has judged none.
    fn evaluated_beside(&mut self, node: &Node, value: &Value) -> Option<BTreeSet<String>> {
        let members = value.as_object()?;
        // What can't be judged may have looked at any.
        if node.unsupported.is_some() || !self.reader.work.spend(1 + members.len()) {
            return None;
        }
        let mut names = BTreeSet::new();
        let sure = node.reference.iter().chain(&node.all_of).copied();
        let mut branches: Vec<Id> = sure.collect();
        for id in node.any_of.iter().chain(&node.one_of) {
            if self.accepts(*id, value)? {
                branches.push(*id);
            }
        }
        if let Some(Condition { test, then, otherwise }) = node.condition {
            if self.accepts(test, value)? {
                branches.extend([test].into_iter().chain(then));
            } else {
                branches.extend(otherwise);
            }
        }
        let by = node.dependent_schemas.iter().filter(|(name, _)| members.contains_key(*name));
        branches.extend(by.map(|(_, schema)| *schema));
        for id in branches {
            if self.stack.len() > 64 {
                return None;
            }
            let schemas = self.reader.schemas;
            let inner = &schemas[id];
            for name in members.keys() {
                let mut is_judged = inner.properties.contains_key(name);
                for (pattern, _) in &inner.patterns {
                    is_judged |= pattern.is_in(name)?;
                }
                if is_judged || inner.additional.is_some() || inner.unevaluated_properties.is_some()
                {
                    names.insert(name.clone());
                }
            }
            self.stack.push((id, std::ptr::from_ref(value)));
            let deeper = self.evaluated_beside(inner, value);
            self.stack.pop();
            names.extend(deeper?);
        }
        Some(names)
    }
}
