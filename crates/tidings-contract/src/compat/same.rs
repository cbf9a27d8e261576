//! Schemas that say the same, word for word.

use std::collections::HashSet;

use super::node::{Id, Node};
use super::schemas::Schemas;

/// Returns `true` if two schemas say the same, references followed.
pub(super) fn same(schemas: &Schemas, one: Id, other: Id) -> bool {
    let comparison =
        || Comparison { schemas, assumed: HashSet::new(), trail: Vec::new(), nested: 0 };
    one == other || comparison().same(one, other)
}

/// How deep schemas are compared; what lies deeper counts as another.
const MOST_NESTED: usize = 500;

struct Comparison<'a> {
    schemas: &'a Schemas,
    /// Pairs that are being compared: schemas may lead back to themselves.
    assumed: HashSet<(Id, Id)>,
    /// The same in the order in which they were met.
    trail: Vec<(Id, Id)>,
    nested: usize,
}

impl Comparison<'_> {
    fn same(&mut self, one: Id, other: Id) -> bool {
        if one == other || self.assumed.contains(&(one, other)) {
            return true;
        }
        if self.nested > MOST_NESTED {
            return false;
        }
        let mark = self.trail.len();
        self.trail.push((one, other));
        self.assumed.insert((one, other));
        self.nested += 1;
        let schemas = self.schemas;
        let (one, other) = (&schemas[one], &schemas[other]);
        let same = alike(one, other) && self.parts(one, other);
        self.nested -= 1;
        if !same {
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
