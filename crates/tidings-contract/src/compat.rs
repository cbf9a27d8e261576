//! Compatibility of two schemas: whether a reader takes all that a writer writes.
//!
//! "Compatible" is proven, keyword by keyword of the reader's schema; "incompatible" is shown by a
//! value that the writer writes and the reader refuses; what is neither is "unknown", with the
//! reason.

mod attribution;
mod change;
mod conjunction;
mod counterexample;
mod durable;
mod empty;
mod evaluate;
mod finding;
mod format;
mod history;
mod keyword;
mod kind;
mod mode;
mod node;
mod number;
mod outline;
mod pattern;
mod place;
mod policy;
mod prove;
mod report;
mod rule;
mod same;
mod schemas;
mod value;
mod work;

use serde_json::Value;

pub use change::Change;
pub use finding::{Comparison, Finding, Verdict};
pub use history::{Revision, changes, changes_since};
pub use mode::Mode;
pub use number::range;
pub use policy::Policy;
pub use report::Report;
pub use rule::{CatalogRule, MessageRule, Rule, Severity};

pub use crate::Direction;

use conjunction::Reader;
use prove::{Obstacle, Prover};
use same::Sameness;
use schemas::{Document, Schemas, Side};
use work::{MOST_STEPS, Work};

/// Compares what a writer writes with what a reader takes, as JSON Schemas of draft 2020-12 or
/// draft-07.
///
/// ```
/// use serde_json::json;
/// use tidings_contract::compat::{Policy, Rule, Verdict, compare};
///
/// let old = json!({"type": "object", "properties": {"cents": {"type": "integer", "format": "int64"}}});
/// let new = json!({"type": "object", "properties": {"cents": {"type": "integer", "format": "int32"}}});
/// let found = compare(&old, &new, Policy::Typed);
/// assert_eq!(found.verdict, Verdict::Incompatible);
/// assert_eq!(found.findings[0].instance, "/cents");
/// assert_eq!(compare(&new, &old, Policy::Typed).verdict, Verdict::Compatible);
/// ```
pub fn compare(writer: &Value, reader: &Value, policy: Policy) -> Comparison {
    measured(writer, reader, policy, MOST_STEPS).0
}

/// Compares in at most so many steps for the proof, and as many for what refutes it; counts them.
fn measured(writer: &Value, reader: &Value, policy: Policy, most: usize) -> (Comparison, usize) {
    let writer = Document::read(writer, Side::Writer);
    judge(&writer, &Document::read(reader, Side::Reader), policy, most)
}

/// Compares documents that are read already.
fn judge(
    writer: &Document<'_>,
    other: &Document<'_>,
    policy: Policy,
    most: usize,
) -> (Comparison, usize) {
    let (left, right) = (writer.root(), other.root());
    let schemas = Schemas::new(writer, other);
    let (work, sameness) = (Work::new(most), Sameness::default());
    // A part of it for a look at single places, before all is searched.
    let (quick, search) = (Work::new(most / 10), Work::new(most));
    let reader = Reader { schemas: &schemas, policy, work: &work, sameness: &sameness };
    let mut prover = Prover::new(reader);
    let holds =
        writer.is_same(other) || prover.holds(&[left], right, "") && prover.given_up.is_none();
    let (mut obstacles, given_up) = (prover.obstacles, prover.given_up);
    let is_break = |one: &Obstacle| one.rule.severity() == Severity::Break;
    let (verdict, example) = if holds {
        // A rename hides behind two changes that are harmless each.
        let renamed = obstacles.iter().any(is_break);
        (if renamed { Verdict::Incompatible } else { Verdict::Compatible }, None)
    } else {
        // A look at a few places by themselves is quick, whatever else there is.
        let here = Reader { work: &quick, ..reader };
        let breaks = obstacles.iter().filter(|one| is_break(one)).take(4);
        let example = breaks
            .map(|one| one.instance.as_str())
            .find_map(|place| counterexample::find(here, left, right, Some(place)))
            .or_else(|| {
                counterexample::find(Reader { work: &search, ..reader }, left, right, None)
            });
        // What a text holds no schema judges: it is as it is said to be.
        let said = obstacles.iter().any(|one| one.rule == Rule::ContentChanged);
        let is_shown = example.is_some() || said;
        (if is_shown { Verdict::Incompatible } else { Verdict::Unknown }, example)
    };
    // Other obstacles may have taken its place where alternatives were tried.
    obstacles.extend(given_up.map(|one| *one).filter(|one| !obstacles.contains(one)));
    let findings = obstacles.into_iter().map(|one| finding(&schemas, one, verdict)).collect();
    (Comparison { verdict, findings, example }, work.spent() + quick.spent() + search.spent())
}

fn finding(schemas: &Schemas<'_>, obstacle: Obstacle, verdict: Verdict) -> Finding {
    let Obstacle { rule, reader, writer, instance, was, is, undecided, renamed_from } = obstacle;
    let unproven = || format!("{}: neither proven nor refuted ({was} -> {is})", rule.message());
    let undecided = undecided.or_else(|| {
        (verdict == Verdict::Unknown && rule.severity() == Severity::Break).then(unproven)
    });
    Finding {
        rule: if undecided.is_some() { Rule::Undecided } else { rule },
        instance,
        writer: writer.first().map(|id| schemas.pointer(*id)).unwrap_or_default(),
        reader: schemas.pointer(reader),
        old: was,
        new: is,
        renamed_from,
        undecided,
    }
}

#[cfg(test)]
mod tests;
