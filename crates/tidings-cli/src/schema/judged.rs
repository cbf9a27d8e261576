//! Edits with the rules of what each has a part in.

use serde::Serialize;
use tidings_contract::Edit;
use tidings_contract::compat::{Change, Report, Severity};

use super::check;

/// An edit, and what it does.
#[derive(Debug, Serialize)]
pub(super) struct Judged<'a> {
    #[serde(flatten)]
    pub(super) edit: &'a Edit,
    /// The rules of it, each once; none where it harms nobody.
    pub(super) rules: Vec<Rule<'a>>,
}

/// A rule that an edit has a part in.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Rule<'a> {
    #[serde(rename = "rule")]
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// The message, service, consumer, stream or store that it is about.
    pub(super) message: &'a str,
    /// The reason for which it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepted: Option<&'a str>,
    #[serde(skip)]
    pub(super) weight: &'static str,
}

/// Judges each edit by what a comparison of the same contracts found.
pub(super) fn judged<'a>(edits: &'a [Edit], report: &'a Report) -> Vec<Judged<'a>> {
    let changes = report.of_edits(edits).into_iter();
    edits
        .iter()
        .zip(changes)
        .map(|(edit, changes)| Judged { edit, rules: rules(changes) })
        .collect()
}

fn rules(changes: Vec<&Change>) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    for change in changes {
        let rule = Rule {
            id: change.rule,
            severity: change.severity,
            message: &change.message,
            accepted: change.accepted.as_deref(),
            weight: check::weight(change),
        };
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules
}

impl Judged<'_> {
    /// The rules in a line, each once: `breaks: endpoint-removed; note: handler-removed`.
    pub(super) fn said(&self) -> Option<String> {
        let mut said: Vec<String> = Vec::new();
        for Rule { id, weight, .. } in &self.rules {
            let one = format!("{weight}: {id}");
            if !said.contains(&one) {
                said.push(one);
            }
        }
        (!said.is_empty()).then(|| said.join("; "))
    }
}
