//! `tidings schema changelog`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Args;
use serde_json::json;
use tidings_contract::compat::{Change, Severity, Verdict};
use tidings_contract::{Catalog, Edit, edits};

use super::comparison::{Before, Compared, Judgement};
use super::diff::shown;
use super::judged::{Judged, judged};
use crate::exit::Exit;
use crate::output::{Format, Output};
use crate::terminal;

/// Writes what changed, message by message, as Markdown: with verdict, way out, and the reason of what
/// was accepted.
///
/// The edits that are listed are those since the last `--against`. The same contracts give the same
/// bytes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings schema changelog --against v1.1 > CONTRACTS.md")]
pub(crate) struct Changelog {
    #[command(flatten)]
    before: Before,
    #[command(flatten)]
    judgement: Judgement,
}

/// Changes of one message or stream, and the verdict on them.
struct Entry<'a> {
    name: &'a str,
    status: Status,
    verdict: Verdict,
    changes: Vec<&'a Change>,
    edits: Vec<&'a Judged<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Added,
    Changed,
    Removed,
}

impl Changelog {
    pub(super) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let Compared { report, old, new, .. } = self.before.compare(&self.judgement)?;
        let empty = Catalog::new();
        let edits = match old.last() {
            Some(latest) => edits(latest, &new),
            // The versions of one folder are compared, and nothing of it is edited.
            None => edits(&empty, &empty),
        };
        let edits = judged(&edits, &report);
        let entries = entries(&report.changes, &edits);
        if output.format() == Format::Json {
            for entry in &entries {
                let Entry { name, status, verdict, changes, edits } = entry;
                let json = json!({
                    "name": name, "status": status.name(), "verdict": verdict,
                    "changes": changes, "edits": edits,
                });
                output.write(String::new, || json)?;
            }
            return Ok(Exit::Done);
        }
        let since = self
            .before
            .against
            .last()
            .map_or(String::new(), |since| format!(" since {}", code(since)));
        let mut text = format!("# Contracts{since}\n");
        if entries.is_empty() {
            text.push_str("\nNothing changed.\n");
        } else {
            let _ = writeln!(text, "\nTaken together: **{}**.", report.verdict());
        }
        for entry in &entries {
            markdown(entry, &mut text);
        }
        output.write(|| text.trim_end().to_owned(), || ())?;
        Ok(Exit::Done)
    }
}

/// Findings and edits, by file.
fn entries<'a>(changes: &'a [Change], edits: &'a [Judged<'a>]) -> Vec<Entry<'a>> {
    let files: BTreeSet<&str> = edits
        .iter()
        .map(|edit| edit.edit.file.as_str())
        .chain(changes.iter().map(|change| change.file.as_str()))
        .collect();
    let entry = |file: &'a str| {
        let edits: Vec<_> = edits.iter().filter(|edit| edit.edit.file == file).collect();
        let changes: Vec<_> = changes.iter().filter(|change| change.file == file).collect();
        let status = match edits[..] {
            [Judged { edit: Edit { pointer, old: None, .. }, .. }] if pointer.is_empty() => {
                Status::Added
            }
            [Judged { edit: Edit { pointer, new: None, .. }, .. }] if pointer.is_empty() => {
                Status::Removed
            }
            _ => Status::Changed,
        };
        let open = changes.iter().filter(|change| change.fails());
        let verdict = open.map(|change| match change.severity {
            Severity::Break => Verdict::Incompatible,
            _ => Verdict::Unknown,
        });
        let verdict = verdict.max().unwrap_or(Verdict::Compatible);
        let name = file.strip_suffix(".json").unwrap_or(file);
        Entry { name, status, verdict, changes, edits }
    };
    files.into_iter().map(entry).collect()
}

fn markdown(entry: &Entry<'_>, text: &mut String) {
    let Entry { name, status, verdict, changes, edits } = entry;
    // Writing to a text can't fail.
    let _ = writeln!(text, "\n## {}\n\n{}: **{verdict}**.", code(name), status.title());
    let mut list = String::new();
    for change in changes {
        let against = change
            .against
            .as_ref()
            .map_or(String::new(), |against| format!(", against {}", code(against)));
        let _ = writeln!(
            list,
            "- {} {} at {}{against}: {}",
            weight(change),
            code(change.rule),
            code(&change.pointer),
            plain(
                &change
                    .part()
                    .map_or_else(|| change.text.clone(), |part| format!("{part}: {}", change.text))
            ),
        );
        if let Some(reason) = &change.accepted {
            let _ = writeln!(list, "  - Reason: {}", plain(reason));
        } else {
            let _ = writeln!(list, "  - Harm: {}", plain(change.why));
            let _ = writeln!(list, "  - Way out: {}", plain(change.mend));
        }
    }
    if *status == Status::Changed {
        for judged in edits {
            let Edit { pointer, old, new, .. } = judged.edit;
            let place = code(pointer);
            let said = judged.said().map_or_else(String::new, |said| format!(" ({said})"));
            let _ = match (old, new) {
                (None, Some(new)) => writeln!(list, "- {place} added: {}{said}", code(&shown(new))),
                (Some(old), None) => {
                    writeln!(list, "- {place} removed: {}{said}", code(&shown(old)))
                }
                (Some(old), Some(new)) => {
                    let (old, new) = (code(&shown(old)), code(&shown(new)));
                    writeln!(list, "- {place}: {old} → {new}{said}")
                }
                (None, None) => Ok(()),
            };
        }
    }
    if !list.is_empty() {
        let _ = write!(text, "\n{list}");
    }
}

fn weight(change: &Change) -> &'static str {
    match (change.severity, &change.accepted) {
        (_, Some(_)) => "**Accepted**",
        (Severity::Break, None) => "**Breaks**",
        (Severity::Warning, None) => "Note:",
        _ => "**Undecided**",
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Added => "Added",
            Self::Changed => "Changed",
            Self::Removed => "Removed",
        }
    }
}

/// A code span, whatever backticks are in it.
fn code(text: &str) -> String {
    let text = terminal::line(text);
    if text.is_empty() {
        return "`/`".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// Text in which Markdown means nothing.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in terminal::line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{code, plain};

    #[test]
    fn others_texts_are_no_markdown() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`` b"), "``` a`` b ```");
        assert_eq!(code(""), "`/`");
        assert_eq!(plain("<b> *x* [y](z)\n"), "\\<b\\> \\*x\\* \\[y\\](z)\\\\n");
    }
}
