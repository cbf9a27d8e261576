//! Schemas that hold for a written value, all at once.

mod alternative;
mod extent;
mod few;
mod member;

use serde_json::Value;

use super::evaluate::Evaluator;
use super::kind::Kinds;
use super::node::{Id, Node};
use super::pattern::Pattern;
use super::policy::Policy;
use super::same::Sameness;
use super::schemas::Schemas;
use super::work::Work;

pub(crate) use extent::Span;
pub(crate) use member::Member;

/// Schemas that hold for a value, all at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Conjunction {
    /// Schemas in order, each once.
    ids: Vec<Id>,
    /// The kinds it is looked at for.
    kinds: u8,
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
        of.kinds == u8::MAX && of.presences.is_empty() && self.nodes(of).all(|node| node.is_open)
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

    /// Returns `true` if a pattern is found wherever another one is, as far as that is plain.
    pub(crate) fn covers(self, pattern: &Pattern, other: &Pattern) -> bool {
        /// Steps that it takes to compare two that are not written alike.
        const STEPS: usize = 1_000;
        pattern == other || self.work.spend(STEPS) && pattern.covers(other)
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

    /// Schemas of the item at a position, which may be one that is contained.
    pub(crate) fn item(self, of: &Conjunction, at: usize) -> Vec<Id> {
        let there = |node: &Node| {
            let contained =
                node.contains.as_ref().and_then(|contains| self.shadow(contains.schema));
            node.prefix.get(at).copied().or(node.items).into_iter().chain(contained)
        };
        self.nodes(of).flat_map(there).collect()
    }

    /// The shadow of a schema, where what it names counts.
    fn shadow(self, id: Id) -> Option<Id> {
        self.schemas.shadow(id).filter(|_| self.policy.writers_are_closed())
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
