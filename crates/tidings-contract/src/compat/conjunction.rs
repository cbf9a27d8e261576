//! Schemas that hold for a written value, all at once.

mod extent;

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

/// Largest number of alternatives that a value is split into; where there are more, what tells them
/// apart is left out.
const MOST_ALTERNATIVES: usize = 96;
/// Deepest level of alternatives within alternatives.
const MOST_NESTED: usize = 12;

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
}

/// One of the alternatives of a value.
#[derive(Debug, Clone, Default)]
struct Alternative {
    ids: BTreeSet<Id>,
    is_partial: bool,
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
    /// The alternatives of a value for which all of these hold. Together they allow at least what
    /// the schemas allow.
    pub(crate) fn alternatives(self, ids: &[Id]) -> Vec<Conjunction> {
        let all = self.split(ids, BTreeSet::new(), 0);
        all.into_iter()
            .map(|Alternative { ids, is_partial }| Conjunction {
                ids: ids.into_iter().collect(),
                kinds: u8::MAX,
                is_partial,
                span: None,
            })
            .collect()
    }

    /// Splits them; `seen` holds in any case.
    fn split(self, ids: &[Id], mut seen: BTreeSet<Id>, depth: usize) -> Vec<Alternative> {
        let mut first = Alternative::default();
        let mut open: Vec<Id> = ids.to_vec();
        let mut choices: Vec<Vec<Vec<Id>>> = Vec::new();
        let mut tests = Vec::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = &self.schemas[id];
            first.ids.insert(id);
            open.extend(node.reference);
            open.extend(&node.all_of);
            open.extend(self.twice_excluded(node));
            for branches in [&node.any_of, &node.one_of] {
                if !branches.is_empty() {
                    choices.push(branches.iter().map(|id| vec![*id]).collect());
                }
            }
            for schema in node.dependent_schemas.values() {
                choices.push(vec![vec![*schema], Vec::new()]);
            }
            if let Some(condition) = &node.condition {
                let mut holds = vec![condition.test];
                holds.extend(condition.then);
                choices.push(vec![holds, condition.otherwise.into_iter().collect()]);
                tests.push(condition.test);
            }
        }
        // A test that fails has named what it looks at, too.
        first.is_partial = tests.into_iter().any(|test| !self.names_no_more(test, &seen));
        let mut done = vec![first];
        for branches in choices {
            let branches =
                self.split_each(&branches, &seen, done.len(), depth).unwrap_or_else(|| {
                    // What tells them apart is left out.
                    vec![Alternative { ids: BTreeSet::new(), is_partial: true }]
                });
            let both = |one: &Alternative, branch: &Alternative| Alternative {
                ids: &one.ids | &branch.ids,
                is_partial: one.is_partial || branch.is_partial,
            };
            done = done
                .iter()
                .flat_map(|one| branches.iter().map(move |branch| both(one, branch)))
                .collect();
        }
        done
    }

    /// The schema that a schema asks for by excluding what excludes it.
    pub(crate) fn twice_excluded(self, node: &Node) -> Option<Id> {
        let not = &self.schemas[node.not?];
        not.not.filter(|_| Node { not: None, ..not.clone() }.finish().is_open)
    }

    /// Returns `true` if a schema has only names that these have.
    fn names_no_more(self, test: Id, these: &BTreeSet<Id>) -> bool {
        let node = &self.schemas[test];
        let is_plain = node.reference.is_none()
            && node.condition.is_none()
            && node.patterns.is_empty()
            && !names_any(node)
            && [&node.all_of, &node.any_of, &node.one_of].iter().all(|all| all.is_empty());
        is_plain
            && names_of(node).all(|name| {
                self.work.spend(these.len())
                    && these.iter().any(|id| {
                        let node = &self.schemas[*id];
                        node.properties.contains_key(name) || mentions(node, name)
                    })
            })
    }

    /// Splits each branch, which may have branches of its own; `None` where there are too many beside
    /// so many others.
    fn split_each(
        self,
        branches: &[Vec<Id>],
        seen: &BTreeSet<Id>,
        others: usize,
        depth: usize,
    ) -> Option<Vec<Alternative>> {
        let mut all = Vec::new();
        for branch in branches {
            if depth > MOST_NESTED || !self.work.spend(1 + others * (1 + seen.len() / 8)) {
                return None;
            }
            all.extend(self.split(branch, seen.clone(), depth + 1));
            if others * all.len() > MOST_ALTERNATIVES {
                return None;
            }
        }
        Some(all)
    }

    /// Returns `true` if any value is as good as another.
    pub(crate) fn says_nothing(self, of: &Conjunction) -> bool {
        of.kinds == u8::MAX && !of.is_partial && self.nodes(of).all(|node| node.is_open)
    }

    pub(crate) fn nodes(self, of: &Conjunction) -> impl Iterator<Item = &'a Node> {
        of.ids.iter().map(move |id| &self.schemas[*id])
    }

    pub(crate) fn kinds(self, of: &Conjunction) -> Kinds {
        let all = self.nodes(of).fold(Kinds::ALL, |kinds, node| {
            if node.never { Kinds::NONE } else { kinds & node.kinds }
        });
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

    /// Value under a name, if any.
    pub(crate) fn member(self, of: &Conjunction, name: &str) -> Member {
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
        let rest: Vec<Id> = self.nodes(of).filter_map(|node| node.additional).collect();
        let is_open = of.is_partial
            || !rest.is_empty()
            || !self.policy.writers_are_closed()
            || self.nodes(of).any(names_any);
        (is_open && !rest.iter().any(|id| self.schemas[*id].never)).then_some(rest)
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
        if nodes.any(|node| node.required.contains(name)) {
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
                    && self.nodes(of).any(|node| node.required.contains(by.as_str()))
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
    pub(crate) fn part_as(self, other: &Self) -> Self {
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
