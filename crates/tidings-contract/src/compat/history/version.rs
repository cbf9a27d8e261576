//! Versions of one name, compared with one another.

use super::{Documents, Revision, Rules, add, contracts, message, part};
use crate::compat::change::{Change, Pair};
use crate::compat::report::Report;
use crate::descriptor::Descriptor;
use crate::{Catalog, Direction, parallel};

/// Compares the highest version of each name with all that came before it.
pub(super) fn of_versions(
    before: &[Revision<'_>],
    new: &Catalog,
    rules: Rules,
    report: &mut Report,
) {
    let here = [Revision::new("", new)];
    let mut messages = new.iter().peekable();
    let mut all = Vec::new();
    while let Some(latest) = messages.next() {
        if messages.peek().is_some_and(|next| next.name == latest.name) {
            continue;
        }
        let mut compared: Vec<&Descriptor> = Vec::new();
        let mut pairs = Vec::new();
        for revision in here.iter().chain(before.iter().rev()) {
            for earlier in revision.catalog.versions(&latest.name) {
                if earlier.version < latest.version && !compared.contains(&earlier) {
                    compared.push(earlier);
                    pairs.push((earlier, revision.name));
                }
            }
        }
        report.messages += pairs.len();
        all.push((latest, pairs));
    }
    let found = parallel::map(&all, |(latest, pairs)| {
        let documents = Documents::default();
        let mut changes = Vec::new();
        for pair in pairs {
            changes.extend(of_version(*pair, (new, latest), &documents, rules));
        }
        changes
    });
    add(report, found.into_iter().flatten());
}

fn of_version<'a>(
    (earlier, revision): (&'a Descriptor, &str),
    (new, latest): (&Catalog, &'a Descriptor),
    documents: &Documents<'a>,
    (mode, policy): Rules,
) -> Vec<Change> {
    let tag = earlier.tag();
    let against = if revision.is_empty() { tag.clone() } else { format!("{tag} in {revision}") };
    let mut pair = Pair::new(earlier, latest, Some(against));
    let mut changes = Vec::new();
    if earlier.kind != latest.kind {
        changes.push(message::kind_changed(&mut pair));
    }
    let is_upcast = new.upcast_to(latest).any(|older| older == tag);
    for direction in mode.directions() {
        // A reader of the latest gets it as one of the latest.
        if *direction != Direction::Backward || !is_upcast {
            changes.extend(part::changes(&mut pair, *direction));
            changes.extend(contracts(&pair, documents, *direction, policy));
        }
    }
    changes
}
