//! Changes from one version of a message to the next.

use maud::{Markup, Render, html};
use tidings_contract::compat::{Change, Mode, Policy, Severity, Verdict, changes_since};
use tidings_contract::{Catalog, Descriptor, Edit, edits};

use super::instance::compact;
use super::text::{Line, shortened};

/// Longest text of a value that is shown, in characters.
const LONGEST: usize = 160;
/// Largest number of edits that are listed.
const MOST: usize = 100;

/// The way from a version to the next.
#[derive(Debug)]
pub(super) struct Step<'a> {
    older: &'a Descriptor,
    newer: &'a Descriptor,
    verdict: Verdict,
    changes: Vec<Change>,
    edits: Vec<Edit>,
}

impl<'a> Step<'a> {
    /// Compares two versions of a message; `None` if they can't stand in one catalog.
    pub(super) fn between(older: &'a Descriptor, newer: &'a Descriptor) -> Option<Self> {
        // What breaks is shown of versions that are upcast too: it is what their conversion is for.
        let mut after = newer.clone();
        after.upcasts = None;
        let both = Catalog::of([older.clone(), after.clone()]).ok()?;
        let report = changes_since(&[], &both, Mode::BackwardTransitive, Policy::Typed);
        let verdict = report.verdict();
        let mut before = older.clone();
        (before.version, before.upcasts) = (newer.version, None);
        let mut edits = edits(&Catalog::of([before]).ok()?, &Catalog::of([after]).ok()?);
        edits.retain(|edit| !is_told_elsewhere(&edit.pointer));
        let of_readers: Vec<String> = edits.iter().map(|edit| edit.pointer.clone()).collect();
        edits.retain(|edit| {
            let read = edit.pointer.replacen("/written", "/read", 1);
            read == edit.pointer || !of_readers.contains(&read)
        });
        Some(Self { older, newer, verdict, changes: report.changes, edits })
    }

    fn is_upcast(&self) -> bool {
        self.newer.upcasts.as_deref() == Some(&*self.older.tag())
    }
}

/// Returns `true` for what another edit, or the page itself, tells as well.
fn is_told_elsewhere(pointer: &str) -> bool {
    matches!(pointer, "/filter" | "/description")
        || pointer.starts_with("/tokens")
        || pointer.ends_with("/$id")
}

impl Render for Step<'_> {
    fn render(&self) -> Markup {
        let (older, newer) = (self.older.version, self.newer.version);
        let (class, verdict) = match self.verdict {
            _ if self.is_upcast() => {
                ("good", "upcast: handlers of the newer receive the older too")
            }
            Verdict::Compatible => ("good", "reads what the older wrote"),
            Verdict::Incompatible => ("bad", "can't read all that the older wrote"),
            _ => ("unsure", "may not read all that the older wrote"),
        };
        html! {
            section.step {
                h3 { "v" (older) " → v" (newer) " " span.badge.(class) { (verdict) } }
                @if !self.changes.is_empty() {
                    ul.findings { @for change in &self.changes { (finding(change)) } }
                }
                @if self.edits.is_empty() {
                    p.quiet { "The contract is the same." }
                } @else {
                    details {
                        summary { (super::text::counted(self.edits.len(), "edit")) }
                        ul.edits {
                            @for one in self.edits.iter().take(MOST) { (edit(one)) }
                        }
                        @if self.edits.len() > MOST {
                            p.quiet { "… and " (self.edits.len() - MOST) " more" }
                        }
                    }
                }
            }
        }
    }
}

fn finding(change: &Change) -> Markup {
    let class = match change.severity {
        Severity::Break => "bad",
        Severity::Warning => "good",
        _ => "unsure",
    };
    html! {
        li {
            span.dot.(class) {}
            (Line(&change.text))
            @if change.fails() { div.quiet { (change.why) } }
        }
    }
}

fn edit(edit: &Edit) -> Markup {
    let place = edit.pointer.strip_prefix("/payload/read").unwrap_or(&edit.pointer);
    let place = place.replace("/properties/", "/");
    html! {
        li {
            code { (Line(if place.is_empty() { "/" } else { &place })) }
            @if let Some(old) = &edit.old { " " del { (shortened(&compact(old), LONGEST)) } }
            @if let Some(new) = &edit.new { " " ins { (shortened(&compact(new), LONGEST)) } }
        }
    }
}
