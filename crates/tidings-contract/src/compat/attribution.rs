//! Attribution: which of the edits between two catalogs a change is about.

use serde_json::Value;

use super::change::Change;
use super::report::Report;
use super::schemas::escape;
use crate::Edit;

impl Report {
    /// The changes that each of these edits has a part in, in the order of the edits: none where an edit harms
    /// nobody.
    ///
    /// The edits are those between the catalogs that were compared; of a change between versions, those of the
    /// later one's file.
    ///
    /// ```
    /// use tidings_contract::compat::{Mode, Policy, changes};
    /// use tidings_contract::{Catalog, Descriptor, edits};
    ///
    /// # fn main() -> Result<(), tidings_contract::CatalogError> {
    /// let counted = |subject| Descriptor::event("stock.counted", 1, subject).payload::<u32>();
    /// let old = Catalog::of([counted("stock.counted")])?;
    /// let new = Catalog::of([counted("stock.{site}.counted")])?;
    /// let (report, edits) = (changes(&old, &new, Mode::Backward, Policy::Typed), edits(&old, &new));
    /// for (edit, changes) in edits.iter().zip(report.of_edits(&edits)) {
    ///     if edit.pointer == "/subject" {
    ///         assert_eq!(changes[0].rule, "subject-changed");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn of_edits(&self, edits: &[Edit]) -> Vec<Vec<&Change>> {
        let mut of_each: Vec<Vec<&Change>> = vec![Vec::new(); edits.len()];
        for change in &self.changes {
            for at in parts(change, edits) {
                of_each[at].push(change);
            }
        }
        of_each
    }
}

/// The edits that a change is about: those that fit it best, and what says the same elsewhere.
fn parts(change: &Change, edits: &[Edit]) -> Vec<usize> {
    let fits = edits.iter().map(|edit| fit(change, edit));
    let fits: Vec<_> = fits.collect();
    let Some(best) = fits.iter().flatten().max() else { return Vec::new() };
    let chosen: Vec<_> = (0..edits.len()).filter(|at| fits[*at].as_ref() == Some(best)).collect();
    let is_part = |at: &usize| {
        chosen.contains(at) || chosen.iter().any(|one| says_same(&edits[*one], &edits[*at]))
    };
    (0..edits.len()).filter(is_part).collect()
}

/// Rank by which an edit fits a change, the best last.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// A place near by: so many steps of both pointers are the same.
    Near(usize),
    /// A place that holds what the change is about.
    Around,
    Within,
    /// A place in what the change is about, of the name that the change is of.
    Named,
    Exact,
}

fn fit(change: &Change, edit: &Edit) -> Option<Fit> {
    if change.file != edit.file {
        return None;
    }
    let (at, place) = (edit.pointer.as_str(), change.pointer.as_str());
    if at == place {
        return Some(Fit::Exact);
    }
    if is_note(at) {
        return None;
    }
    if is_below(at, place) {
        return Some(if is_of_name(change, edit) { Fit::Named } else { Fit::Within });
    }
    if is_below(place, at) {
        return Some(Fit::Around);
    }
    let both = at.split('/').zip(place.split('/'));
    Some(Fit::Near(both.take_while(|(one, other)| one == other).count()))
}

fn is_below(pointer: &str, of: &str) -> bool {
    pointer.strip_prefix(of).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns `true` for what a schema says to people alone.
fn is_note(pointer: &str) -> bool {
    let mut steps = pointer.rsplit('/');
    let last = steps.next().unwrap_or_default();
    // A field may have such a name.
    matches!(last, "$comment" | "deprecated" | "description" | "examples" | "title")
        && steps.next() != Some("properties")
}

fn is_of_name(change: &Change, edit: &Edit) -> bool {
    let field = change.instance.rsplit('/').next().unwrap_or_default();
    let other = change.renamed_from.as_deref().unwrap_or_default();
    // A consumer's has its stream before it.
    let alone = change.old.rsplit('/').next().unwrap_or_default();
    let is_it = |name: &str| {
        let step = escape(name);
        !name.is_empty()
            && (edit.pointer.split('/').any(|one| one == step)
                || [&edit.old, &edit.new].into_iter().flatten().any(|one| is_named(one, name)))
    };
    is_it(field) || [other, &change.old, alone].into_iter().any(is_it)
}

/// Returns `true` if a value is a name, or what has it: a service, a message of a version, or what handles one
/// by a consumer.
fn is_named(value: &Value, name: &str) -> bool {
    let is = |value: &Value| value.as_str() == Some(name);
    let tag = || Some(format!("{}.v{}", value["message"].as_str()?, value["version"].as_u64()?));
    is(value)
        || is(&value["name"])
        || is(&value["consumer"]["name"])
        || tag().is_some_and(|tag| tag == name)
}

/// Returns `true` if an edit says of another place what one says: of what is written as of what is read, of a
/// consumer as another service declares it.
fn says_same(one: &Edit, other: &Edit) -> bool {
    let ending = |edit: &Edit| edit.pointer.split_once("/consumer/").map(|(_, end)| end.to_owned());
    let read = |edit: &Edit| edit.pointer.replacen("/written", "/read", 1);
    let is_twin = if let (Some(one), Some(other)) = (ending(one), ending(other)) {
        one == other
    } else {
        read(one) == read(other)
    };
    is_twin && one.file == other.file && (&one.old, &one.new) == (&other.old, &other.new)
}
