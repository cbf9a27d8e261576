//! Services, durable consumers, streams and stores of a catalog, before and since.

use std::cell::OnceCell;

use serde_json::Value;

use super::{consumer, service, stream};
use crate::Catalog;
use crate::compat::change::{self, Change};
use crate::compat::rule::CatalogRule;
use crate::compat::{outline, place};
use crate::service::MessageVersion;

/// Compares services, durable consumers, streams and stores.
pub(super) fn changes(old: &Catalog, new: &Catalog, against: Option<&str>) -> Vec<Change> {
    let both = Catalogs { old, new, outlines: OnceCell::new() };
    let mut changes = service::changes(&both);
    changes.extend(consumer::changes(&both));
    changes.extend(stream::changes(&both));
    for change in &mut changes {
        change.against = against.map(str::to_owned);
    }
    changes
}

/// A catalog before and since.
pub(super) struct Catalogs<'a> {
    pub(super) old: &'a Catalog,
    pub(super) new: &'a Catalog,
    /// Outlines of both; seldom asked for.
    outlines: OnceCell<[Value; 2]>,
}

/// Place of a change: its file and a pointer into that, and its place by names.
pub(super) struct Site<'a> {
    pub(super) about: String,
    pub(super) file: String,
    pub(super) pointer: String,
    pub(super) names: &'a [&'a str],
}

impl Catalogs<'_> {
    pub(super) fn change(
        &self,
        rule: CatalogRule,
        site: Site<'_>,
        (old, new): (&str, &str),
    ) -> Change {
        let place = outline::pointer(site.names);
        let outlines = self.outlines.get_or_init(|| [self.old, self.new].map(outline::of));
        let [before, since] = [0, 1].map(|at| place::fingerprint(&outlines[at], &place));
        let at = (site.file, site.pointer, place);
        change::of_catalog(rule, site.about, at, (old, new), (before, since))
    }

    /// Returns `true` if it is told of the message itself that nobody finds it where it was.
    pub(super) fn has_gone(&self, of: &MessageVersion) -> bool {
        let was_there = self.old.get(&of.message, of.version).is_some();
        let mut since = self.new.versions(&of.message);
        was_there && since.all(|one| one.version < of.version)
    }

    /// Returns `true` if it is told of the message itself that its subject is another.
    pub(super) fn has_moved(&self, of: &MessageVersion) -> bool {
        let filter =
            |catalog: &Catalog| catalog.get(&of.message, of.version).map(crate::Descriptor::filter);
        let (before, since) = (filter(self.old), filter(self.new));
        before.is_some() && since.is_some() && before != since
    }
}
