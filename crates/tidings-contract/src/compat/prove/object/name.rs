//! Names of members: which a reader takes, and which nothing of it has looked at.

use serde_json::Value;

use super::super::Prover;
use crate::compat::conjunction::{Conjunction, Member};
use crate::compat::evaluate::Evaluator;
use crate::compat::kind::Kinds;
use crate::compat::node::{Id, Node};
use crate::compat::pattern::Pattern;
use crate::compat::rule::Rule;
use crate::compat::schemas::{escape, is_shadow};

impl Prover<'_> {
    pub(super) fn names(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let Some(schema) = node.names else { return true };
        let own: Vec<Id> = reader.nodes(left).filter_map(|node| node.names).collect();
        if own.iter().any(|own| reader.same(*own, schema)) {
            return true;
        }
        let mut evaluator = Evaluator::new(reader);
        let mut holds = true;
        for name in reader.names(left) {
            if !matches!(reader.member(left, name), Member::Of(_)) {
                continue;
            }
            let at = format!("{instance}/{}", escape(name));
            match evaluator.accepts(schema, &Value::String(name.to_owned())) {
                Some(true) => {}
                Some(false) => {
                    let rule = Rule::PropertyNameRefused;
                    holds = self.broken(rule, left, right, &at, name, "another name");
                }
                None => {
                    let why = format!("whether {name:?} is a name can't be told");
                    self.undecided(Rule::Undecided, left.ids(), right, &at, why);
                    holds = false;
                }
            }
        }
        let mut nodes = reader.nodes(left);
        if reader.others(left).is_some() || nodes.any(|node| !node.patterns.is_empty()) {
            holds &= self.names_hold(&own, schema, &format!("{instance}/*"));
        }
        holds
    }

    pub(super) fn names_hold(&mut self, own: &[Id], schema: Id, at: &str) -> bool {
        let mut holds = true;
        for one in self.reader.alternatives(own) {
            // A name is a text, and another value.
            self.level += 1;
            holds &= self.alternative(&one.only(Kinds::STRING), schema, at);
            self.level -= 1;
        }
        holds
    }

    pub(super) fn unevaluated(
        &mut self,
        left: &Conjunction,
        right: Id,
        rest: Id,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        if reader.schemas[rest].is_open {
            return true;
        }
        // What is looked at in any case, whatever the value: a schema that does not hold has looked at none.
        let alternatives = reader.alternatives(&[right]);
        let holding = |one: &Conjunction| -> Vec<&Node> {
            let ids = one.ids().iter().filter(|id| !is_shadow(**id));
            ids.map(|id| &reader.schemas[*id]).collect()
        };
        let sure: Vec<Vec<&Node>> = alternatives.iter().map(holding).collect();
        let mut all = sure.iter().flatten();
        if all.any(|node| reader.twice_excluded(node).is_some()) {
            let why = "what an exclusion has looked at counts as not looked at".to_owned();
            self.undecided(Rule::Undecided, left.ids(), right, instance, why);
            return false;
        }
        let known = |name: &str| {
            sure.iter().all(|one| {
                one.iter().any(|node| {
                    node.properties.contains_key(name)
                        || node.additional.is_some()
                        || node.patterns.iter().any(|(p, _)| p.is_in(name) == Some(true))
                })
            })
        };
        let named: Vec<&str> = reader
            .names(left)
            .into_iter()
            .filter(|name| matches!(reader.member(left, name), Member::Of(_)) && !known(name))
            .collect();
        let is_known = |pattern: &Pattern| {
            sure.iter().all(|one| {
                one.iter().any(|node| {
                    node.additional.is_some()
                        || node.patterns.iter().any(|(own, _)| own.source == pattern.source)
                })
            })
        };
        let mut patterns = reader.nodes(left).flat_map(|node| &node.patterns);
        let is_open =
            reader.others(left).is_some() || patterns.any(|(pattern, _)| !is_known(pattern));
        if named.is_empty() && !is_open {
            return true;
        }
        if let Some(name) = named.first() {
            let at = format!("{instance}/{}", escape(name));
            let rule = Rule::PropertyRefused;
            return self.broken(rule, left, right, &at, "a property", "none of that name");
        }
        self.broken(Rule::PropertyRefused, left, right, instance, "other properties", "no other")
    }
}
