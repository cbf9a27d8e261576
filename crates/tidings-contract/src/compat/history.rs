//! Comparison of a catalog with those before it, message by message, and of what else stands in it.

mod catalog;
mod consumer;
mod message;
mod part;
mod service;
mod stream;
mod version;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::change::{Change, Pair, of_absence};
use super::judge;
use super::mode::Mode;
use super::policy::Policy;
use super::report::Report;
use super::rule::MessageRule;
use super::schemas::{Document, Side};
use super::work::MOST_STEPS;
use crate::descriptor::Descriptor;
use crate::{Catalog, Direction, parallel};

/// Catalog of before, and what it is called in a report.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Revision<'a> {
    /// Name of the revision, such as a git tag or a folder; empty if it needs none.
    pub name: &'a str,
    /// The messages of then.
    pub catalog: &'a Catalog,
}

impl<'a> Revision<'a> {
    /// A catalog of before by a name.
    pub fn new(name: &'a str, catalog: &'a Catalog) -> Self {
        Self { name, catalog }
    }
}

/// Compares the messages of two catalogs, each with the one of its name and version, and their services, durable
/// consumers, streams and stores, each with the one of its name.
///
/// ```
/// use schemars::JsonSchema;
/// use tidings_contract::compat::{Mode, Policy, Verdict, changes};
/// use tidings_contract::{Catalog, Descriptor};
///
/// #[derive(JsonSchema)]
/// struct Before { total_cents: u64 }
///
/// #[derive(JsonSchema)]
/// struct After { total_cents: u32, region: String }
///
/// # fn main() -> Result<(), tidings_contract::CatalogError> {
/// let created = || Descriptor::event("orders.created", 1, "orders.created");
/// let before = Catalog::of([created().payload::<Before>()])?;
/// let after = Catalog::of([created().payload::<After>()])?;
/// let report = changes(&before, &after, Mode::Backward, Policy::Typed);
/// assert_eq!(report.verdict(), Verdict::Incompatible);
/// let rules: Vec<&str> = report.changes.iter().map(|change| change.rule).collect();
/// assert_eq!(rules, ["required-added", "maximum-lowered"]);
/// # Ok(())
/// # }
/// ```
pub fn changes(old: &Catalog, new: &Catalog, mode: Mode, policy: Policy) -> Report {
    changes_since(&[Revision::new("", old)], new, mode, policy)
}

/// Compares a catalog with those before it, which are given oldest first.
///
/// The latest of them is looked at, or in a transitive [`Mode`] each: every message of it is compared
/// with the one of its name and version in `new`. In a transitive mode the highest version of each name
/// is compared with its earlier versions, too, wherever they stand: in `new` itself and in each of
/// those before it. Between versions only contracts count, since each version may have its own subject
/// and its own stream, and only forward where the earlier one is upcast to the highest; a break that is
/// the very reason for a new version is accepted by its reason, see [`Acceptance`](crate::Acceptance).
///
/// ```
/// use tidings_contract::compat::{Mode, Policy, Verdict, changes_since};
/// use tidings_contract::{Catalog, Descriptor};
///
/// # fn main() -> Result<(), tidings_contract::CatalogError> {
/// let catalog = Catalog::of([
///     Descriptor::event("orders.counted", 1, "orders.counted").payload::<u64>(),
///     Descriptor::event("orders.counted", 2, "orders.v2.counted").payload::<u32>(),
/// ])?;
/// let report = changes_since(&[], &catalog, Mode::BackwardTransitive, Policy::Typed);
/// assert_eq!(report.verdict(), Verdict::Incompatible);
/// assert_eq!(report.changes[0].against.as_deref(), Some("orders.counted.v1"));
/// # Ok(())
/// # }
/// ```
pub fn changes_since(before: &[Revision<'_>], new: &Catalog, mode: Mode, policy: Policy) -> Report {
    let looked_at = match before {
        [.., latest] if !mode.is_transitive() => std::slice::from_ref(latest),
        all => all,
    };
    let mut report = Report { messages: 0, changes: Vec::new() };
    let several = looked_at.len() > 1;
    for revision in looked_at {
        let against = several.then_some(revision.name);
        of_revision(revision.catalog, new, against, (mode, policy), &mut report);
    }
    if mode.is_transitive() {
        version::of_versions(looked_at, new, (mode, policy), &mut report);
    }
    report.changes.sort_by(|one, other| one.message.cmp(&other.message));
    report
}

type Rules = (Mode, Policy);

/// Compares each message with the one of its name and version.
fn of_revision(
    old: &Catalog,
    new: &Catalog,
    against: Option<&str>,
    rules: Rules,
    report: &mut Report,
) {
    let all: Vec<&Descriptor> = old.iter().collect();
    report.messages += all.len();
    let found = parallel::map(&all, |before| {
        let against = against.map(str::to_owned);
        match new.get(&before.name, before.version) {
            Some(after) => of_message((old, before), (new, after), against, rules),
            None => vec![of_absent(before, new, against)],
        }
    });
    add(report, found.into_iter().flatten());
    add(report, catalog::changes(old, new, against));
}

/// The change that a message is gone.
fn of_absent(before: &Descriptor, new: &Catalog, against: Option<String>) -> Change {
    let is_later = |one: &Descriptor| one.version > before.version;
    let rule = if new.versions(&before.name).any(is_later) {
        MessageRule::VersionReplaced
    } else {
        MessageRule::MessageRemoved
    };
    of_absence(before, rule, against)
}

fn of_message(
    (old, before): (&Catalog, &Descriptor),
    (new, after): (&Catalog, &Descriptor),
    against: Option<String>,
    (mode, policy): Rules,
) -> Vec<Change> {
    let mut pair = Pair::new(before, after, against);
    let mut changes = message::changes(&mut pair);
    let is_left = |tag: &&str| !new.upcast_to(after).any(|one| one == *tag);
    if let Some(left) = old.upcast_to(before).find(is_left) {
        let now = after.upcasts.as_deref().unwrap_or("none");
        changes.push(pair.of_message(MessageRule::UpcastRemoved, "/upcasts", left, now));
    }
    let documents = Documents::default();
    for direction in mode.directions() {
        changes.extend(part::changes(&mut pair, *direction));
        changes.extend(contracts(&pair, &documents, *direction, policy));
    }
    changes
}

/// Documents of messages of one name, each read once.
#[derive(Default)]
struct Documents<'a> {
    read: RefCell<BTreeMap<(*const Value, Side), Rc<Document<'a>>>>,
}

impl<'a> Documents<'a> {
    fn get(&self, schema: &'a Value, side: Side) -> Rc<Document<'a>> {
        let mut read = self.read.borrow_mut();
        let document = || Rc::new(Document::read(schema, side));
        read.entry((schema, side)).or_insert_with(document).clone()
    }
}

/// Adds what an earlier comparison has not said.
fn add(report: &mut Report, changes: impl IntoIterator<Item = Change>) {
    for change in changes {
        if !report.changes.iter().any(|one| one.is_same(&change)) {
            report.changes.push(change);
        }
    }
}

fn contracts<'a>(
    pair: &Pair<'a>,
    documents: &Documents<'a>,
    direction: Direction,
    policy: Policy,
) -> Vec<Change> {
    let (before, after) = (pair.before, pair.after);
    let reversed = match direction {
        Direction::Backward => Direction::Forward,
        Direction::Forward => Direction::Backward,
    };
    let parts = [
        ("payload", &before.payload, &after.payload, direction),
        // They go the other way: who serves writes them.
        ("reply", &before.reply, &after.reply, reversed),
        ("error", &before.error, &after.error, reversed),
    ];
    let mut changes = Vec::new();
    for (part, before, after, way) in parts {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let (writer, reader) = match way {
            Direction::Backward => (before, after),
            Direction::Forward => (after, before),
        };
        let (one, other) = (
            documents.get(writer.written(), Side::Writer),
            documents.get(reader.read(), Side::Reader),
        );
        let (found, _) = judge(&one, &other, policy, MOST_STEPS);
        changes.extend(pair.of_part((part, [writer, reader]), (way, direction), found));
    }
    changes
}
