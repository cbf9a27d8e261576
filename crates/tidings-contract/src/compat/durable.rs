//! Durable consumers of a catalog, whichever service declares them.

use std::collections::{BTreeMap, BTreeSet};

use crate::Catalog;
use crate::service::{DurableConsumer, MessageVersion};

/// A durable consumer with all that it delivers.
pub(super) struct Durable<'a> {
    pub(super) config: &'a DurableConsumer,
    /// The services that read it.
    pub(super) services: BTreeSet<&'a str>,
    /// Messages that the consumer delivers, with their filters.
    pub(super) handled: BTreeSet<(&'a MessageVersion, &'a str)>,
    /// Pointer to where it is first declared, in `catalog.json`.
    pub(super) pointer: String,
}

impl<'a> Durable<'a> {
    /// Filters of what it delivers, each once.
    pub(super) fn filters(&self) -> BTreeSet<&'a str> {
        self.handled.iter().map(|(_, filter)| *filter).collect()
    }
}

/// Durable consumers, by stream and name.
pub(super) fn durables(catalog: &Catalog) -> BTreeMap<(&str, &str), Durable<'_>> {
    let mut durables = BTreeMap::new();
    for (at, service) in catalog.services().enumerate() {
        for (place, handled) in service.handles.iter().enumerate() {
            let Some(config) = &handled.consumer else { continue };
            let durable =
                durables.entry((&*config.stream, &*config.name)).or_insert_with(|| Durable {
                    config,
                    services: BTreeSet::new(),
                    handled: BTreeSet::new(),
                    pointer: format!("/services/{at}/handles/{place}/consumer"),
                });
            durable.services.insert(&*service.name);
            durable.handled.insert((&handled.of, &*handled.filter));
        }
    }
    durables
}
