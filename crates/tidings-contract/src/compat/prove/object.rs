//! Objects: which members there must be, what each holds, and which names they may have.

use serde_json::Value;

use super::{Obstacle, Prover};
use crate::compat::conjunction::{Conjunction, Member};
use crate::compat::evaluate::Evaluator;
use crate::compat::kind::Kinds;
use crate::compat::node::{Id, Node};
use crate::compat::pattern::Pattern;
use crate::compat::policy::Policy;
use crate::compat::rule::Rule;
use crate::compat::schemas::escape;

impl Prover<'_> {
    pub(super) fn objects(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let mut holds = true;
        for name in &node.required {
            if !reader.requires(left, name) {
                let at = format!("{instance}/{}", escape(name));
                let rule = if reader.names(left).contains(name.as_str()) {
                    Rule::OptionalBecameRequired
                } else {
                    Rule::RequiredAdded
                };
                holds = self.broken(rule, left, right, &at, "may be left out", "required");
            }
        }
        let asked = (node.min_properties, node.max_properties);
        if asked != (0, None) {
            let rules = (Rule::MinPropertiesRaised, Rule::MaxPropertiesLowered);
            let there = reader.properties(left);
            holds &= self.counts(left, right, instance, (there, asked), rules);
        }
        holds &= self.members(left, right, node, instance);
        holds &= self.names(left, right, node, instance);
        for (by, names) in &node.dependent_required {
            for name in names {
                holds &= self.depends(left, right, (by, name), instance);
            }
        }
        for (by, schema) in &node.dependent_schemas {
            if matches!(reader.member(left, by), Member::Of(_)) {
                holds &= self.holds_for(left, *schema, instance);
            }
        }
        if let Some(rest) = node.unevaluated_properties {
            holds &= self.unevaluated(left, right, rest, instance);
        }
        holds
    }

    pub(super) fn depends(
        &mut self,
        left: &Conjunction,
        right: Id,
        (by, name): (&str, &str),
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let own =
            |node: &Node| node.dependent_required.get(by).is_some_and(|names| names.contains(name));
        if matches!(reader.member(left, by), Member::Absent)
            || reader.requires(left, name)
            || reader.nodes(left).any(own)
        {
            return true;
        }
        let at = format!("{instance}/{}", escape(name));
        let is = format!("required beside {by:?}");
        self.broken(Rule::DependencyAdded, left, right, &at, "may be left out", &is)
    }

    pub(super) fn members(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let mut names = reader.names(left);
        names.extend(node.properties.keys().map(String::as_str));
        let mut holds = true;
        for name in names {
            let Member::Of(own) = reader.member(left, name) else { continue };
            let schema = node.properties.get(name).copied();
            let is_as_it_was = |schema: Id| own.iter().any(|own| reader.same(*own, schema));
            if node.patterns.is_empty() && schema.map_or(node.additional.is_none(), is_as_it_was) {
                continue;
            }
            let before = self.obstacles.len();
            let at = format!("{instance}/{}", escape(name));
            let is_taken = self.member(left, right, (name, &own), &at);
            if !is_taken && self.given_up.is_none() && !own.is_empty() {
                // What can't be written is in nobody's way.
                let can_be = |one: &Conjunction| !self.is_empty(one);
                if !reader.alternatives(&own).iter().any(can_be) {
                    self.obstacles.truncate(before);
                    continue;
                }
            }
            holds &= is_taken;
        }
        self.note_dropped(left, right, node, instance);
        holds & self.unnamed(left, right, node, instance)
    }

    /// Proves that the member of this name is taken, whatever `own` allow for it.
    fn member(
        &mut self,
        left: &Conjunction,
        right: Id,
        (name, own): (&str, &[Id]),
        at: &str,
    ) -> bool {
        let (schemas, mut holds, mut known) = (self.reader.schemas, true, false);
        let node = &schemas[right];
        if let Some(schema) = node.properties.get(name) {
            holds &= self.holds_within(own, *schema, at);
            known = true;
        }
        for (pattern, schema) in &node.patterns {
            match pattern.is_in(name) {
                Some(true) => {
                    holds &= self.holds_within(own, *schema, at);
                    known = true;
                }
                Some(false) => {}
                None => holds = self.untried(left, right, pattern, at),
            }
        }
        match node.additional {
            Some(rest) if !known && schemas[rest].never => {
                let rule = Rule::PropertyRefused;
                self.broken(rule, left, right, at, "a property", "none of that name")
            }
            Some(rest) if !known => holds & self.holds_within(own, rest, at),
            _ => holds,
        }
    }

    /// Proves values under names that no schema of the writer's has, or only by a pattern.
    pub(super) fn unnamed(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let at = format!("{instance}/*");
        let mut holds = true;
        let own_patterns: Vec<(&Pattern, Id)> = reader
            .nodes(left)
            .flat_map(|node| node.patterns.iter().map(|(pattern, id)| (pattern, *id)))
            .collect();
        for &(pattern, own) in &own_patterns {
            let mut known = false;
            for (other, schema) in &node.patterns {
                known |= other.source == pattern.source;
                // Another pattern may be met by the same names.
                if !pattern.is_apart(other) {
                    holds &= self.holds_within(&[own], *schema, &at);
                }
            }
            if !known && let Some(rest) = node.additional {
                holds &= self.holds_within(&[own], rest, &at);
            }
            for (name, schema) in &node.properties {
                if pattern.is_in(name) != Some(false) {
                    holds &=
                        self.holds_within(&[own], *schema, &format!("{instance}/{}", escape(name)));
                }
            }
        }
        if let Some(rest_left) = reader.others(left) {
            for (pattern, schema) in &node.patterns {
                // A name that has it has one of the writer's, and was looked at.
                if !own_patterns.iter().any(|(own, _)| own.source == pattern.source) {
                    holds &= self.holds_within(&rest_left, *schema, &at);
                }
            }
            if let Some(rest) = node.additional {
                if reader.schemas[rest].never {
                    let (rule, is) = (Rule::PropertyRefused, "no other");
                    holds = self.broken(rule, left, right, &at, "other properties", is);
                } else {
                    holds &= self.holds_within(&rest_left, rest, &at);
                }
            }
        }
        holds
    }

    pub(super) fn untried(
        &mut self,
        left: &Conjunction,
        right: Id,
        pattern: &Pattern,
        at: &str,
    ) -> bool {
        let why = format!("the pattern {:?} can't be tried here", pattern.source);
        self.undecided(Rule::Undecided, left.ids(), right, at, why);
        false
    }

    /// Notes what a reader passes over: a field that it no longer has, or has under another name.
    pub(super) fn note_dropped(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) {
        let reader = self.reader;
        let is_struct = !node.properties.is_empty() || node.additional.is_none();
        if reader.policy != Policy::Typed || !is_struct {
            return;
        }
        let own = reader.names(left);
        let all = reader.alternatives(&[right]);
        let is_read = |name: &str| {
            all.iter()
                .any(|one| matches!(reader.member(one, name), Member::Of(ids) if !ids.is_empty()))
        };
        let new: Vec<(&String, Id)> = node
            .properties
            .iter()
            .filter(|(name, _)| !own.contains(name.as_str()))
            .map(|(name, id)| (name, *id))
            .collect();
        for name in own.iter().filter(|name| !is_read(name)) {
            let Member::Of(ids) = reader.member(left, name) else { continue };
            if ids.is_empty() {
                continue;
            }
            if !reader.work.spend(new.len()) {
                let at = format!("{instance}/{}", escape(name));
                self.give_up(&ids, right, &at);
                return;
            }
            let renamed = new.iter().find(|(other, id)| {
                let alike = |own: &Id| reader.same(*own, *id);
                is_similar(name, other) && ids.iter().any(alike)
            });
            let (rule, to) = match renamed {
                Some((to, _)) => (Rule::PropertyRenamed, to.as_str()),
                None => (Rule::PropertyDropped, *name),
            };
            self.obstacles.push(Obstacle {
                rule,
                reader: right,
                writer: ids,
                instance: format!("{instance}/{}", escape(to)),
                was: (*name).to_owned(),
                is: if rule == Rule::PropertyRenamed {
                    to.to_owned()
                } else {
                    "nothing".to_owned()
                },
                undecided: None,
                renamed_from: renamed.map(|_| (*name).to_owned()),
            });
        }
    }

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
        // What is looked at in any case, whatever the value.
        let sure = reader.alternatives(&[right]);
        let mut all = sure.iter().flat_map(|one| reader.nodes(one));
        if all.any(|node| reader.twice_excluded(node).is_some()) {
            let why = "what an exclusion has looked at counts as not looked at".to_owned();
            self.undecided(Rule::Undecided, left.ids(), right, instance, why);
            return false;
        }
        let known = |name: &str| {
            sure.iter().all(|one| {
                reader.nodes(one).any(|node| {
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
                reader.nodes(one).any(|node| {
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

/// Returns `true` if one name may have been made from the other: they share a word or most of
/// their letters.
fn is_similar(one: &str, other: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        name.split(['_', '-']).filter(|word| word.len() > 2).map(str::to_lowercase).collect()
    };
    let theirs = words(other);
    words(one).iter().any(|word| theirs.contains(word)) || strsim::jaro_winkler(one, other) > 0.8
}
