//! `tidings schema diff`.

use clap::Args;
use serde_json::{Value, json};
use tidings_contract::{Catalog, Edit, edits};

use super::comparison::Before;
use crate::exit::Exit;
use crate::finding::{Finding, Level};
use crate::output::Output;
use crate::terminal;

/// The longest value that is shown to people, in characters; programs are given all of it.
const LONGEST: usize = 200;

/// Shows everything in which the contracts of now differ from those of before, harmful or not.
///
/// Of several `--against` the last counts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings schema diff --against HEAD~1")]
pub(crate) struct Diff {
    #[command(flatten)]
    before: Before,
    /// Exits with 3 where something differs, and writes each edit as a failure where `--format` has them.
    #[arg(long)]
    exit_code: bool,
}

impl Diff {
    pub(super) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let old = self.before.latest()?;
        let edits = edits(&old, &Catalog::read_from(&self.before.schemas)?);
        let level = if self.exit_code { Level::Failure } else { Level::Note };
        let folder = self.before.schemas.to_string_lossy();
        for edit in &edits {
            let finding = Finding::new(level, &edit.file, "edit", text(edit))
                .place(&edit.pointer)
                .file(format!("{folder}/{}", edit.file));
            output.find(finding, || text(edit), || edit)?;
        }
        let count = edits.len();
        output.conclude("schemas", format!("{count} edits"), || json!({ "edits": count }))?;
        Ok(if self.exit_code && count > 0 { Exit::Differs } else { Exit::Done })
    }
}

/// An edit in a line: `+` and `-` for what came and what is gone, `~` for what is another.
pub(super) fn text(edit: &Edit) -> String {
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
