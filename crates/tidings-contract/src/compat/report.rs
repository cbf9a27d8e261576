//! Report: all that a comparison of catalogs found, and what of it is meant.

use serde::Serialize;
use serde_json::Value;

use super::change::Change;
use super::finding::Verdict;
use super::outline;
use super::place;
use super::rule::Severity;
use crate::{Acceptance, Catalog, Descriptor};

/// Outcome of comparing a catalog with those before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Number of pairs of messages that were compared.
    pub messages: usize,
    /// Findings, by message.
    pub changes: Vec<Change>,
}

impl Report {
    /// The verdict on the whole: the worst of its changes that nobody accepted.
    pub fn verdict(&self) -> Verdict {
        let open = self.changes.iter().filter(|change| change.accepted.is_none());
        let worst = open.map(|change| match change.severity {
            Severity::Break => Verdict::Incompatible,
            Severity::Unknown => Verdict::Unknown,
            Severity::Warning => Verdict::Compatible,
        });
        worst.max().unwrap_or(Verdict::Compatible)
    }

    /// Notes the reason at each change that one of these accepts.
    pub fn accept(&mut self, acceptances: &[Acceptance]) {
        for change in self.changes.iter_mut().filter(|change| change.fails()) {
            let found = acceptances.iter().find(|one| change.is_covered_by(one));
            change.accepted = found.map(|one| one.reason.clone());
        }
    }
}

impl Acceptance {
    /// Returns `true` if it can cover no change to this catalog any more: what was accepted is no longer
    /// what stands there.
    pub fn is_stale(&self, now: &Catalog) -> bool {
        if self.is_beside_messages() {
            return place::fingerprint(&outline::of(now), &self.pointer) != self.new;
        }
        let mut messages = now.iter();
        let file = messages
            .find(|message| message.tag() == self.message)
            .map_or(Value::Null, Descriptor::to_value);
        place::fingerprint(&file, &self.pointer) != self.new
    }
}
