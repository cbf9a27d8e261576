//! Members of a written object: the names that it may have, and what holds for the value of each.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Conjunction, Presence, Reader};
use crate::compat::evaluate::Evaluator;
use crate::compat::node::{Id, Node};
use crate::compat::pattern::Pattern;

/// Value that a written object may hold under a name.
pub(crate) enum Member {
    /// No member: the name is not written.
    Absent,
    /// A value for which these hold.
    Of(Vec<Id>),
}

impl<'a> Reader<'a> {
    /// The name that a presence is about.
    pub(super) fn name(self, presence: Presence) -> Option<&'a str> {
        self.schemas[presence.of].dependent_schemas.keys().nth(presence.at).map(String::as_str)
    }

    /// Returns `true` if the value is known to have a member of this name, or to have none.
    fn is_known(self, of: &Conjunction, name: &str, is_there: bool) -> bool {
        let mut presences = of.presences.iter().filter(|one| one.is_there == is_there);
        presences.any(|presence| self.name(*presence) == Some(name))
    }

    /// Value under a name, if any.
    pub(crate) fn member(self, of: &Conjunction, name: &str) -> Member {
        if self.is_known(of, name, false) {
            return Member::Absent;
        }
        let (mut ids, mut named, mut open) = (Vec::new(), false, false);
        for node in self.nodes(of) {
            if !self.work.spend(1 + node.patterns.len()) {
                // Any value, for all that is known.
                return Member::Of(Vec::new());
            }
            let mut here = false;
            if let Some(id) = node.properties.get(name) {
                ids.push(*id);
                here = true;
            }
            for (pattern, id) in &node.patterns {
                match pattern.is_in(name) {
                    Some(true) => {
                        ids.push(*id);
                        here = true;
                    }
                    Some(false) => {}
                    // It may be met: then what is said of other names does not hold for this one.
                    None => here = true,
                }
            }
            named |= here || mentions(node, name);
            if !here && let Some(rest) = node.additional {
                ids.push(rest);
                open |= !self.schemas[rest].never;
            }
            if let Some(names) = node.names {
                let mut evaluator = Evaluator::new(self);
                if evaluator.accepts(names, &Value::String(name.to_owned())) == Some(false) {
                    return Member::Absent;
                }
            }
        }
        ids.extend(self.unevaluated(of, |node| {
            node.properties.contains_key(name)
                || node.patterns.iter().any(|(pattern, _)| pattern.is_in(name) != Some(false))
        }));
        let is_written = named || open || !self.policy.writers_are_closed() || self.is_map(of);
        if !is_written || ids.iter().any(|id| self.schemas[*id].never) {
            return Member::Absent;
        }
        Member::Of(ids)
    }

    /// Values under names that none of the schemas has, if there are such.
    pub(crate) fn others(self, of: &Conjunction) -> Option<Vec<Id>> {
        if self.nodes(of).any(|node| self.listed_names(node).is_some()) {
            return None;
        }
        let mut rest: Vec<Id> = self.nodes(of).filter_map(|node| node.additional).collect();
        let is_open = !rest.is_empty() || !self.policy.writers_are_closed() || self.is_map(of);
        if is_open {
            rest.extend(self.unevaluated(of, |node| !node.patterns.is_empty()));
        }
        (is_open && !rest.iter().any(|id| self.schemas[*id].never)).then_some(rest)
    }

    /// Returns `true` for what says what names are like, or how many there are, and has none: a map.
    fn is_map(self, of: &Conjunction) -> bool {
        let has_none = |node: &Node| node.properties.is_empty() && node.patterns.is_empty();
        let counts = |node: &Node| node.min_properties > 0 || node.max_properties.is_some();
        self.nodes(of).any(|node| node.names.is_some() && has_none(node))
            || self.nodes(of).any(counts)
                && self.nodes(of).all(|node| has_none(node) && names_of(node).next().is_none())
    }

    /// Schemas of a member whose name has this pattern, and is none that its schemas have.
    pub(crate) fn by_pattern(self, of: &Conjunction, pattern: &Pattern) -> Vec<Id> {
        let there = |node: &Node| {
            let own = node.patterns.iter().find(|(own, _)| own.source == pattern.source);
            let rest = node.additional.filter(|_| node.patterns.is_empty());
            own.map(|(_, id)| *id).or(rest)
        };
        self.nodes(of).filter_map(there).collect()
    }

    /// Schemas of a member at which no other schema has looked, of each that asks something of those:
    /// `looks` says whether one may have looked at it.
    fn unevaluated(self, of: &Conjunction, looks: impl Fn(&Node) -> bool) -> Vec<Id> {
        let asks = |id: &Id| self.schemas[*id].unevaluated_properties.map(|rest| (*id, rest));
        let mut asked = of.ids.iter().filter_map(asks).peekable();
        if asked.peek().is_none() {
            return Vec::new();
        }
        let is_unseen = |(id, _): &(Id, Id)| {
            let (mut open, mut seen) = (vec![*id], BTreeSet::new());
            while let Some(at) = open.pop() {
                if !seen.insert(at) {
                    continue;
                }
                let node = &self.schemas[at];
                let looks = looks(node)
                    || node.additional.is_some()
                    || at != *id && node.unevaluated_properties.is_some();
                if looks || node.not.is_some() || !self.work.spend(1) {
                    return false;
                }
                open.extend(node.reference.iter().chain(&node.all_of).chain(&node.any_of));
                open.extend(node.one_of.iter().chain(node.dependent_schemas.values()));
                if let Some(condition) = &node.condition {
                    open.push(condition.test);
                    open.extend(condition.then.iter().chain(&condition.otherwise));
                }
            }
            true
        };
        asked.filter(is_unseen).map(|(_, rest)| rest).collect()
    }

    /// Names that a member may have, where `propertyNames` lists them.
    fn listed_names(self, node: &Node) -> Option<impl Iterator<Item = &'a str>> {
        let values = self.schemas[node.names?].values.as_ref()?;
        Some(values.iter().filter_map(Value::as_str))
    }

    /// The names that its schemas have.
    pub(crate) fn names(self, of: &Conjunction) -> BTreeSet<&'a str> {
        let all = |node| names_of(node).chain(self.listed_names(node).into_iter().flatten());
        self.nodes(of).flat_map(all).collect()
    }

    /// Returns `true` if every value has a member of this name.
    pub(crate) fn requires(self, of: &Conjunction, name: &str) -> bool {
        let mut nodes = self.nodes(of);
        if nodes.any(|node| node.required.contains(name)) || self.is_known(of, name, true) {
            return true;
        }
        // Required by what is required.
        self.nodes(of).any(|node| {
            if node.dependent_required.is_empty() || !self.work.spend(node.dependent_required.len())
            {
                return false;
            }
            node.dependent_required.iter().any(|(by, names)| {
                names.contains(name)
                    && (self.nodes(of).any(|node| node.required.contains(by.as_str()))
                        || self.is_known(of, by, true))
            })
        })
    }
}

/// The names that a schema says something about.
fn names_of(node: &Node) -> impl Iterator<Item = &str> {
    let asked = node.dependent_required.values().flatten();
    let by = node.dependent_required.keys().chain(node.dependent_schemas.keys());
    node.properties.keys().chain(&node.required).chain(asked).chain(by).map(String::as_str)
}

/// Returns `true` if a schema names it beside its properties: it asks for it, or for something beside it.
fn mentions(node: &Node, name: &str) -> bool {
    node.required.contains(name)
        || node.dependent_schemas.contains_key(name)
        || node.dependent_required.iter().any(|(by, names)| by == name || names.contains(name))
}
