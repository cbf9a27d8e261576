//! Objects: which members there must be, what each holds, and which names they may have.

mod name;
mod passed_over;

use std::collections::BTreeSet;

use super::Prover;
use crate::compat::conjunction::{Conjunction, Member};
use crate::compat::node::{Id, Node};
use crate::compat::pattern::Pattern;
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
        // Those of a pattern that has few are looked at one by one.
        let few: Vec<String> = node.patterns.iter().flat_map(|(pattern, _)| few(pattern)).collect();
        if !reader.work.spend(few.len()) {
            return self.give_up(left.ids(), right, instance);
        }
        let mut names: BTreeSet<&str> = reader.names(left);
        names.extend(node.properties.keys().map(String::as_str));
        names.extend(few.iter().map(String::as_str));
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
                if self.is_never(&own) {
                    self.obstacles.truncate(before);
                    continue;
                }
            }
            holds &= is_taken;
        }
        self.note_dropped(left, right, node, instance);
        holds & self.unnamed(left, right, node, instance)
    }

    /// Returns `true` if there is no value for which all of these hold, as far as one can see.
    fn is_never(&mut self, ids: &[Id]) -> bool {
        self.reader.alternatives(ids).iter().all(|one| self.is_empty(one))
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
        let own_patterns: Vec<&Pattern> = reader
            .nodes(left)
            .flat_map(|node| node.patterns.iter().map(|(pattern, _)| pattern))
            .collect();
        for pattern in &own_patterns {
            let own = reader.by_pattern(left, pattern);
            if own.iter().any(|id| reader.schemas[*id].never) {
                continue;
            }
            let mut known = false;
            for (other, schema) in &node.patterns {
                known |= reader.covers(other, pattern);
                // Another pattern may be met by the same names.
                if !pattern.is_apart(other) {
                    holds &= self.holds_within(&own, *schema, &at);
                }
            }
            if !known && let Some(rest) = node.additional {
                holds &= self.holds_within(&own, rest, &at);
            }
        }
        if let Some(rest_left) = reader.others(left)
            && (rest_left.is_empty() || !self.is_never(&rest_left))
        {
            for (pattern, schema) in &node.patterns {
                // A name that has it has one of the writer's, or is one of few, and was looked at.
                let is_known = own_patterns.iter().any(|own| reader.covers(own, pattern))
                    || few(pattern).next().is_some();
                if !is_known {
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
}

/// Names of a pattern, where these are few; none of one that has more.
fn few(pattern: &Pattern) -> impl Iterator<Item = String> {
    const MOST: usize = 32;
    pattern.texts(MOST).into_iter().flatten()
}
