//! Shadows of a writer's schemas: they name what the schemas name, and ask for nothing.
//!
//! A writer that is closed writes what its schema names. Some of that stands in a schema which does not
//! hold for the value: in a test that fails, in what would follow if it did not, in what an item among
//! others is like, in one of too many alternatives to be told apart. Its names may be written, at every
//! level of the value, and what it asks for may not be taken as met: its shadow stands in its place. A
//! reader's schemas have none: what it takes is known by what holds.

use super::Document;
use crate::compat::node::{Contains, Id, Node};

/// Added to a schema of the writer's, it is the schema's shadow: these come after all of the reader's.
pub(super) const SHADOWS: Id = 2 * super::Side::Reader.root();

/// Returns `true` for a schema that only names, and asks for nothing.
pub(crate) fn is_shadow(id: Id) -> bool {
    id >= SHADOWS
}

impl Document<'_> {
    /// The shadow of the schema at this index. All are made once one is asked for.
    pub(super) fn shadow(&self, index: usize) -> &Node {
        let all = || (0..self.nodes.len()).map(|index| self.shadow_of(index)).collect();
        &self.shadows.get_or_init(all)[index]
    }

    fn shadow_of(&self, index: Id) -> Node {
        let of = &self.nodes[index];
        let shadow = |id: Id| SHADOWS + id;
        if of.unsupported.is_some() {
            // What it names is not known: it may be anything, at every level.
            let anything = Some(shadow(index));
            return Node { additional: anything, items: anything, ..Node::default() };
        }
        let names = |id: &Id| self.nodes[*id].names_anything();
        let is_taken = |id: &Id| !self.nodes[*id].never;
        let in_place = of.in_place().chain(self.twice_excluded(of)).filter(names);
        let rest = of.additional.or(of.unevaluated_properties).filter(is_taken);
        let asked = of.required.iter().chain(of.dependent_required.values().flatten());
        let by = of.dependent_required.keys().chain(of.dependent_schemas.keys());
        let shadow = Node {
            prefix: of.prefix.iter().copied().map(shadow).collect(),
            items: of.items.or(of.unevaluated_items).map(shadow),
            contains: of.contains.as_ref().map(|contains| Contains {
                schema: shadow(contains.schema),
                least: 0,
                most: None,
            }),
            properties: of
                .properties
                .iter()
                .map(|(name, id)| (name.clone(), shadow(*id)))
                .collect(),
            patterns: of.patterns.iter().map(|(p, id)| (p.clone(), shadow(*id))).collect(),
            additional: rest.map(shadow),
            names: of.names.map(shadow),
            // They are named, and nothing is asked for beside them.
            dependent_required: asked.chain(by).map(|name| (name.clone(), [].into())).collect(),
            all_of: in_place.map(shadow).collect(),
            ..Node::default()
        };
        shadow.finish()
    }

    fn twice_excluded(&self, of: &Node) -> Option<Id> {
        self.nodes[of.not?].not
    }
}

impl Node {
    /// Other schemas that may hold for the same value.
    fn in_place(&self) -> impl Iterator<Item = Id> {
        let condition = self.condition.iter();
        let ways = condition.flat_map(|of| [Some(of.test), of.then, of.otherwise]).flatten();
        let one = self.reference.iter().chain(&self.all_of).chain(&self.any_of);
        one.chain(&self.one_of).chain(self.dependent_schemas.values()).copied().chain(ways)
    }

    /// Returns `true` if it may name a member, at whatever level of the value.
    pub(super) fn names_anything(&self) -> bool {
        let parts = [self.items, self.unevaluated_items, self.additional];
        !self.properties.is_empty()
            || !self.patterns.is_empty()
            || !self.required.is_empty()
            || !self.dependent_required.is_empty()
            || !self.prefix.is_empty()
            || parts
                .into_iter()
                .chain([self.unevaluated_properties, self.names])
                .any(|one| one.is_some())
            || self.contains.is_some()
            || self.not.is_some()
            || self.unsupported.is_some()
            || self.in_place().next().is_some()
    }
}
