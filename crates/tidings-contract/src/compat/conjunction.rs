//! Schemas that hold for a written value, all at once.

mod alternative;
mod extent;
mod few;

use std::collections::BTreeSet;

use serde_json::Value;

use super::evaluate::Evaluator;
use super::kind::Kinds;
use super::node::{Id, Node};
use super::policy::Policy;
use super::same::Sameness;
use super::schemas::Schemas;
use super::work::Work;

pub(crate) use extent::Span;

/// Schemas that hold for a value, all at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Conjunction {
    /// Schemas in order, each once.
    ids: Vec<Id>,
    /// The kinds it is looked at for.
    kinds: u8,
    /// More holds for it, which may have names of its own.
    is_partial: bool,
    /// The part of its integers, or of the lengths of its texts and lists, that is looked at.
    span: Option<Span>,
    /// Members that it has, or has not. In order, each once.
    presences: Vec<Presence>,
}

/// Presence of the member by which a schema asks for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Presence {
    /// The schema, and which of its `dependentSchemas` it is.
    of: Id,
    at: usize,
    /// The value is an object with that member; else it is another value, or an object without it.
    is_there: bool,
}

/// Value that a written object may hold under a name.
pub(crate) enum Member {
    /// No member: the name is not written.
    Absent,
    /// A value for which these hold.
    Of(Vec<Id>),
}

/// Looks into conjunctions.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) schemas: &'a Schemas<'a>,
    pub(crate) policy: Policy,
    pub(crate) work: &'a Work,
    pub(crate) sameness: &'a Sameness,
}

impl<'a> Reader<'a> {
    /// Returns `true` if any value is as good as another.
    pub(crate) fn says_nothing(self, of: &Conjunction) -> bool {
        of.kinds == u8::MAX
            && !of.is_partial
            && of.presences.is_empty()
            && self.nodes(of).all(|node| node.is_open)
    }

    pub(crate) fn nodes(self, of: &Conjunction) -> impl Iterator<Item = &'a Node> {
        of.ids.iter().map(move |id| &self.schemas[*id])
    }

    pub(crate) fn kinds(self, of: &Conjunction) -> Kinds {
        let has_member = of.presences.iter().any(|presence| presence.is_there);
        let all = if has_member { Kinds::OBJECT } else { Kinds::ALL };
        let all = self
            .nodes(of)
            .fold(all, |kinds, node| if node.never { Kinds::NONE } else { kinds & node.kinds });
        let looked_at = Kinds::ALL.each().enumerate().fold(Kinds::NONE, |kinds, (bit, kind)| {
            if of.kinds & (1 << bit) == 0 { kinds } else { kinds | kind }
        });
        all & looked_at
    }

    /// The values it can have, if they are counted by its schemas.
    pub(crate) fn values(self, of: &Conjunction) -> Option<Vec<Value>> {
        let listed = self.nodes(of).filter_map(|node| node.values.as_ref());
        let candidates = match listed.min_by_key(|values| values.len()) {
            // None can be told from the others: any may be.
            Some(values) if !self.work.spend(values.len()) => return None,
            Some(values) => values.clone(),
            None if self.kinds(of).is_within(Kinds::NULL | Kinds::BOOLEAN) => {
                vec![Value::Null, Value::Bool(true), Value::Bool(false)]
            }
            None => return None,
        };
        let mut evaluator = Evaluator::new(self);
        let kinds = self.kinds(of);
        let possible = candidates.into_iter().filter(|value| {
            kinds.has(Kinds::of(value, self.policy.as_serde()))
                && of.ids.iter().all(|id| evaluator.accepts(*id, value) != Some(false))
        });
        Some(possible.collect())
    }

    /// The name that a presence is about.
    fn name(self, presence: Presence) -> Option<&'a str> {
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
        let (mut ids, mut named, mut open) = (Vec::new(), false, of.is_partial);
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
            open |= names_any(node);
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
        let is_written = named || open || !self.policy.writers_are_closed();
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
        let is_open = of.is_partial
            || !rest.is_empty()
            || !self.policy.writers_are_closed()
            || self.nodes(of).any(names_any);
        if is_open {
            rest.extend(self.unevaluated(of, |node| !node.patterns.is_empty()));
        }
        (is_open && !rest.iter().any(|id| self.schemas[*id].never)).then_some(rest)
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

    /// All names that a member may have, where `propertyNames` lists them.
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

    /// Schemas of the item at a position.
    pub(crate) fn item(self, of: &Conjunction, at: usize) -> Vec<Id> {
        self.nodes(of).filter_map(|node| node.prefix.get(at).copied().or(node.items)).collect()
    }

    /// Number of items that have a position of their own.
    pub(crate) fn prefix(self, of: &Conjunction) -> usize {
        self.nodes(of).map(|node| node.prefix.len()).max().unwrap_or(0)
    }
}

impl Conjunction {
    pub(crate) fn ids(&self) -> &[Id] {
        &self.ids
    }

    /// Restriction to a part of its integers or lengths.
    pub(crate) fn within(&self, span: Span) -> Self {
        Self { span: Some(span), ..self.clone() }
    }

    /// Restriction that another has as well.
    pub(crate) fn part_as(mut self, other: &Self) -> Self {
        self.presences.extend(&other.presences);
        self.presences.sort_unstable();
        self.presences.dedup();
        Self { kinds: other.kinds & self.kinds, span: other.span, ..self }
    }

    pub(crate) fn is_part(&self) -> bool {
        self.span.is_some()
    }

    /// Restriction to one kind of values.
    pub(crate) fn only(&self, kind: Kinds) -> Self {
        let bits = Kinds::ALL.each().enumerate().filter(|(_, one)| kind.has(*one));
        Self { kinds: bits.fold(0, |bits, (bit, _)| bits | 1 << bit), ..self.clone() }
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

/// Returns `true` for a schema that says what names are like, and has none: that of a map.
fn names_any(node: &Node) -> bool {
    node.names.is_some() && node.properties.is_empty() && node.patterns.is_empty()
}
