//! Addresses of schemas in a document: its resources by their `$id`, anchors, and what a reference leads to.

use hashbrown::HashMap;
use serde_json::Value;

use crate::address::{decoded, joined};
use crate::compat::node::Id;

/// A schema with an address of its own: references below it start from there.
#[derive(Debug)]
struct Resource<'a> {
    address: String,
    schema: &'a Value,
    id: Id,
}

/// Addresses that are known so far.
#[derive(Debug, Default)]
pub(super) struct Addresses<'a> {
    resources: Vec<Resource<'a>>,
    /// Schemas by the resource in which they stand and their anchor.
    anchors: HashMap<(usize, String), Id>,
}

/// Target of a reference.
pub(super) enum Target<'a> {
    /// A schema that was read.
    Known(Id),
    /// The schema at a JSON pointer from another one.
    Below { schema: &'a Value, from: Id, pointer: String, resource: usize },
}

impl<'a> Addresses<'a> {
    /// Adds a resource that stands in another, by the `$id` that it has; the first is the document.
    pub(super) fn add(&mut self, within: usize, own: &str, schema: &'a Value, id: Id) -> usize {
        let base = self.resources.get(within).map_or("", |resource| &*resource.address);
        let address = joined(base, own.trim_end_matches('#'));
        self.resources.push(Resource { address, schema, id });
        self.resources.len() - 1
    }

    pub(super) fn add_anchor(&mut self, resource: usize, name: &str, id: Id) {
        self.anchors.insert((resource, name.to_owned()), id);
    }

    /// Follows a reference that stands in a resource; `None` if it leads out of the document, or nowhere.
    pub(super) fn follow(&self, from: usize, reference: &str) -> Option<Target<'a>> {
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let at = if address.is_empty() {
            from
        } else {
            let base = self.resources.get(from).map_or("", |resource| &*resource.address);
            let whole = joined(base, address);
            self.resources.iter().position(|one| one.address == whole)?
        };
        let resource = self.resources.get(at)?;
        let fragment = decoded(fragment);
        if fragment.is_empty() {
            return Some(Target::Known(resource.id));
        }
        if !fragment.starts_with('/') {
            return self.anchors.get(&(at, fragment)).copied().map(Target::Known);
        }
        let schema = resource.schema.pointer(&fragment)?;
        Some(Target::Below { schema, from: resource.id, pointer: fragment, resource: at })
    }
}
