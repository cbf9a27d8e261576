//! `tidings schema diff`.

use clap::Args;
use serde_json::{Value, json};
use tidings_contract::{Catalog, Edit, edits};

use super::comparison::{Before, Compared, Judgement};
use super::judged::{Judged, judged};
use crate::exit::Exit;
use crate::finding::{Finding, Level};
use crate::output::Output;
use crate::terminal;

/// The longest value that is shown to people, in characters; programs are given all of it.
const LONGEST: usize = 200;

/// Shows everything in which the contracts of now differ from those of before, harmful or not, and which rules each
/// edit has a part in.
///
/// Of several `--against` the last counts. An edit behind which no rule stands harms nobody.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings schema diff --against HEAD~1")]
pub(crate) struct Diff {
    #[command(flatten)]
    before: Before,
    #[command(flatten)]
    judgement: Judgement,
    /// Exits with 3 where something differs, and writes each edit as a failure where `--format` has them.
    #[arg(long)]
    exit_code: bool,
}

impl Diff {
    pub(super) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let before = self.before.of_latest()?;
        let Compared { report, old, new, .. } = before.compare(&self.judgement)?;
        let edits = edits(old.last().unwrap_or(&Catalog::new()), &new);
        let least = if self.exit_code { Level::Failure } else { Level::Note };
        let folder = before.schemas.to_string_lossy();
        for edit in judged(&edits, &report) {
            let is_harmful = edit.rules.iter().any(|one| one.weight == "breaks");
            let level = if is_harmful { least.max(Level::Warning) } else { least };
            let rule = edit.rules.first().map_or("edit", |one| one.id);
            let finding = Finding::new(level, &edit.edit.file, rule, text(&edit))
                .place(&edit.edit.pointer)
                .file(format!("{folder}/{}", edit.edit.file));
            output.find(finding, || text(&edit), || &edit)?;
        }
        let (count, verdict) = (edits.len(), report.verdict());
        let summary = || json!({"edits": count, "verdict": verdict});
        let noun = if count == 1 { "edit" } else { "edits" };
        output.conclude("schemas", format!("{count} {noun}: {verdict}"), summary)?;
        Ok(if self.exit_code && count > 0 { Exit::Differs } else { Exit::Done })
    }
}

/// An edit in a line: `+` and `-` for what came and what is gone, `~` for what is another; and its rules.
fn text(edit: &Judged<'_>) -> String {
    let line = line(edit.edit);
    edit.said().map_or_else(|| line.clone(), |said| format!("{line} [{said}]"))
}

fn line(edit: &Edit) -> String {
    let place = format!("{}#{}", edit.file, edit.pointer);
    terminal::line(&match (&edit.old, &edit.new) {
        // A whole file says enough by its name.
        (None, Some(_)) if edit.pointer.is_empty() => format!("+ {}", edit.file),
        (Some(_), None) if edit.pointer.is_empty() => format!("- {}", edit.file),
        (None, Some(new)) => format!("+ {place}: {}", shown(new)),
        (Some(old), None) => format!("- {place}: {}", shown(old)),
        (Some(old), Some(new)) => format!("~ {place}: {} -> {}", shown(old), shown(new)),
        (None, None) => format!("~ {place}"),
    })
}

/// A value as JSON, cut where it is long.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
