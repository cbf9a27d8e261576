//! `tidings schema check`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tidings_contract::Acceptance;
use tidings_contract::compat::{self, Change, Severity, Verdict};

use super::cases;
use super::comparison::{Before, Compared, Judgement};
use crate::exit::Exit;
use crate::finding::{Finding, Level};
use crate::manual::refused;
use crate::output::{Format, Output};
use crate::terminal;

/// Says what a change of the contracts breaks, for whom, and the way out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings schema check --against HEAD~1\n  \
    tidings schema check --against released-schemas --mode full --format json\n  \
    tidings schema check --against v1.0 --against v1.1 --mode backward-transitive")]
pub(crate) struct Check {
    #[command(flatten)]
    before: Before,
    #[command(flatten)]
    judgement: Judgement,
    /// Judge the pairs of schemas in this file instead, a verdict for each.
    ///
    /// The file is a list of `{name, old, new, writer, reader}`, judged as `typed`, or has `tests`
    /// of `{id, original, updated, compatibility}`, judged as `strict`.
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    cases: Option<PathBuf>,
    /// Short for `--format json`.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        if self.json {
            output.as_json();
        }
        if let Some(file) = self.cases {
            if !matches!(output.format(), Format::Text | Format::Json) {
                let formats = [Format::Text, Format::Json];
                return Err(refused("schema check --cases", output.format(), &formats).into());
            }
            return cases::run(&file, self.judgement.policy.map(compat::Policy::from), output);
        }
        let Compared { report, stale, old, new } = self.before.compare(&self.judgement)?;
        // The program ends soon: giving back a large catalog, part by part, would only take time.
        std::mem::forget((old, new));
        let verdict = report.verdict();
        let folder = self.before.schemas.to_string_lossy();
        for change in &report.changes {
            output.find(finding(change, &folder), || text(change), || change)?;
        }
        for acceptance in &stale {
            let text = stale_text(acceptance);
            let finding = Finding::new(Level::Note, &acceptance.message, "stale", &text)
                .file(format!("{folder}/catalog.lock.json"));
            output.find(finding, || text, || json!({"stale": acceptance}))?;
        }
        let accepted = report.changes.iter().filter(|change| change.accepted.is_some()).count();
        let noun = if report.messages == 1 { "message" } else { "messages" };
        let mut line = format!("{} {noun}: {verdict}", report.messages);
        if accepted > 0 {
            line = format!("{line}, {accepted} accepted");
        }
        let summary =
            || json!({"verdict": verdict, "messages": report.messages, "accepted": accepted});
        output.conclude("schemas", line, summary)?;
        Ok(if verdict == Verdict::Compatible { Exit::Done } else { Exit::Differs })
    }
}

pub(super) fn level(change: &Change) -> Level {
    match &change.accepted {
        Some(_) => Level::Accepted,
        None if change.fails() => Level::Failure,
        None => Level::Warning,
    }
}

/// A change as a finding in a file of the folder.
fn finding(change: &Change, folder: &str) -> Finding {
    let level = level(change);
    let finding = Finding::new(level, &change.message, change.rule, &change.text)
        .place(format!("{} {}", change.direction, change.pointer))
        .file(format!("{folder}/{}", change.file));
    match &change.accepted {
        Some(reason) => finding.mend(format!("accepted: {reason}")),
        None => finding.why(change.why).mend(change.mend),
    }
}

/// The weight of a change, in a word.
pub(super) fn weight(change: &Change) -> &'static str {
    match (change.severity, &change.accepted) {
        (_, Some(_)) => "accepted",
        (Severity::Break, None) => "breaks",
        (Severity::Warning, None) => "note",
        _ => "undecided",
    }
}

/// A change in a few lines.
pub(super) fn text(change: &Change) -> String {
    let weight = weight(change);
    let mut lines = vec![format!("{weight}: {}", terminal::line(&change.to_string()))];
    let mut more = |name: &str, value: &str| {
        lines.push(format!("  {name}: {}", terminal::line(value)));
    };
    if let Some(reason) = &change.accepted {
        more("reason", reason);
        return lines.join("\n");
    }
    more("direction", &change.direction.to_string());
    more("why", change.why);
    more("mend", change.mend);
    if let Some(example) = &change.example {
        more("example", &example.to_string());
    }
    lines.join("\n")
}

/// An acceptance that covers nothing any more, in a line.
pub(super) fn stale_text(acceptance: &Acceptance) -> String {
    let Acceptance { message, rule, pointer, reason, .. } = acceptance;
    // The tag of a message has no space in it, and what is none is found by its place.
    let place = if message.contains(' ') {
        format!("{message}, {pointer}")
    } else {
        format!("{message}.json#{pointer}")
    };
    terminal::line(&format!(
        "note: catalog.lock.json accepts {rule} at {place} ({reason}), and something else stands there now: \
         remove that entry"
    ))
}
