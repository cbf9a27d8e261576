//! Schemas that say the same, word for word.

use std::cell::RefCell;

use hashbrown::{HashMap, HashSet};

use super::conjunction::Reader;
use super::node::{Id, Node};
use super::work::DEEPEST;

/// Pairs of schemas of which it is known whether they say the same.
#[derive(Debug, Default)]
pub(crate) struct Sameness {
    known: RefCell<HashMap<(Id, Id), bool>>,
}

impl Reader<'_> {
    /// Returns `true` if two schemas say the same, references followed.
    pub(super) fn same(self, one: Id, other: Id) -> bool {
        if one == other {
            return true;
        }
        let known = self.sameness.known.borrow().get(&(one, other)).copied();
        known.unwrap_or_else(|| {
            let mut comparison = Comparison {
                reader: self,
                assumed: HashSet::new(),
                trail: Vec::new(),
                nested: 0,
                is_cut: false,
            };
            let same = comparison.same(one, other);
            if same {
                // All that was assumed stands by the rest of it.
                let mut known = self.sameness.known.borrow_mut();
                known.extend(comparison.trail.into_iter().map(|pair| (pair, true)));
            }
            same
        })
    }
}

struct Comparison<'a> {
    reader: Reader<'a>,
    /// Pairs that are being compared: schemas may lead back to themselves.
    assumed: HashSet<(Id, Id)>,
    /// Pairs that were assumed, in the order in which they were met.
    trail: Vec<(Id, Id)>,
    nested: usize,
    /// Something was not looked at, and counts as another.
    is_cut: bool,
}

impl Comparison<'_> {
    fn same(&mut self, one: Id, other: Id) -> bool {
        if one == other || self.assumed.contains(&(one, other)) {
            return true;
        }
        if let Some(known) = self.reader.sameness.known.borrow().get(&(one, other)) {
            return *known;
        }
        if self.nested > DEEPEST || !self.reader.work.spend(1) {
            self.is_cut = true;
            return false;
        }
        let mark = self.trail.len();
        self.trail.push((one, other));
        self.assumed.insert((one, other));
        self.nested += 1;
        let schemas = self.reader.schemas;
        let (a, b) = (&schemas[one], &schemas[other]);
        let same = alike(a, b) && self.parts(a, b);
        self.nested -= 1;
        if !same {
            if !self.is_cut {
                // What differs under assumptions differs without them.
                self.reader.sameness.known.borrow_mut().insert((one, other), false);
            }
            // With it goes what was found while it was assumed.
            for pair in self.trail.drain(mark..) {
                self.assumed.remove(&pair);
            }
        }
        same
    }

    /// Two lists whose order means nothing.
    fn set(&mut self, one: &[Id], other: &[Id]) -> bool {
        let mut rest = other.to_vec();
        one.len() == other.len()
            && one.iter().all(|a| {
                let found = rest.iter().position(|b| self.same(*a, *b));
                found.map(|at| rest.swap_remove(at)).is_some()
            })
    }

    fn option(&mut self, one: Option<Id>, other: Option<Id>) -> bool {
        match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => self.same(one, other),
            _ => false,
        }
    }

    fn list(&mut self, one: &[Id], other: &[Id]) -> bool {
        one.len() == other.len() && one.iter().zip(other).all(|(a, b)| self.same(*a, *b))
    }

    fn parts(&mut self, one: &Node, other: &Node) -> bool {
        let contains = match (&one.contains, &other.contains) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                (a.least, a.most) == (b.least, b.most) && self.same(a.schema, b.schema)
            }
            _ => false,
        };
        let condition = match (&one.condition, &other.condition) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                self.same(a.test, b.test)
                    && self.option(a.then, b.then)
                    && self.option(a.otherwise, b.otherwise)
            }
            _ => false,
        };
        contains
            && condition
            && self.list(&one.prefix, &other.prefix)
            && self.set(&one.all_of, &other.all_of)
            && self.set(&one.any_of, &other.any_of)
            && self.set(&one.one_of, &other.one_of)
            && [
                (one.items, other.items),
                (one.unevaluated_items, other.unevaluated_items),
                (one.additional, other.additional),
                (one.names, other.names),
                (one.unevaluated_properties, other.unevaluated_properties),
                (one.reference, other.reference),
                (one.not, other.not),
            ]
            .into_iter()
            .all(|(a, b)| self.option(a, b))
            && one.properties.keys().eq(other.properties.keys())
            && one
                .properties
                .values()
                .zip(other.properties.values())
                .all(|(a, b)| self.same(*a, *b))
            && one.dependent_schemas.keys().eq(other.dependent_schemas.keys())
            && one
                .dependent_schemas
                .values()
                .zip(other.dependent_schemas.values())
                .all(|(a, b)| self.same(*a, *b))
            && one.patterns.len() == other.patterns.len()
            && one
                .patterns
                .iter()
                .zip(&other.patterns)
                .all(|((p, a), (q, b))| p.source == q.source && self.same(*a, *b))
    }
}

/// Compares what two schemas say by themselves.
fn alike(one: &Node, other: &Node) -> bool {
    let bound = |bound: &Option<super::node::Bound>| {
        bound.as_ref().map(|bound| (bound.value.clone(), bound.exclusive))
    };
    let pattern = |node: &Node| node.pattern.as_ref().map(|pattern| pattern.source.clone());
    one.unsupported.is_none()
        && other.unsupported.is_none()
        && one.never == other.never
        && one.kinds == other.kinds
        && one.values == other.values
        && bound(&one.minimum) == bound(&other.minimum)
        && bound(&one.maximum) == bound(&other.maximum)
        && one.multiple_of == other.multiple_of
        && (one.min_length, one.max_length) == (other.min_length, other.max_length)
        && pattern(one) == pattern(other)
        && one.format == other.format
        && one.content == other.content
        && (one.min_items, one.max_items, one.unique)
            == (other.min_items, other.max_items, other.unique)
        && one.required == other.required
        && (one.min_properties, one.max_properties) == (other.min_properties, other.max_properties)
        && one.dependent_required == other.dependent_required
}
