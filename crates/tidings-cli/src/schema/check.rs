//! `tidings schema check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use tidings_contract::Catalog;
use tidings_contract::compat::{self, Change, Severity, Verdict};

use super::{against, cases, report};
use crate::exit::Exit;
use crate::output::{Format, Output};
use crate::terminal;

/// Says what a change of the contracts breaks, for whom, and the way out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings schema check --against HEAD~1\n  \
    tidings schema check --against released-schemas --mode full --format json")]
pub(crate) struct Check {
    /// The folder with the contracts of now.
    #[arg(long, default_value = "schemas", value_name = "FOLDER")]
    schemas: PathBuf,
    /// The contracts of before: another folder, or a git revision in which this one stands.
    #[arg(long, value_name = "REVISION|FOLDER", required_unless_present = "cases")]
    against: Option<String>,
    /// Which programs must understand each other.
    #[arg(long, value_enum, default_value_t = Mode::Backward)]
    mode: Mode,
    /// Assumption about what programs make of a schema.
    #[arg(long, value_enum)]
    policy: Option<Policy>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// The new reads what the old wrote.
    Backward,
    /// The old reads what the new writes.
    Forward,
    /// Both.
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// Behaviour of serde: writers write what their schema names, readers pass over the rest.
    Typed,
    /// Meaning by JSON Schema: writers may write all that their schema allows.
    Strict,
    /// As `typed`, with formats that bind nobody.
    Lenient,
}

impl Check {
    pub(super) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        if self.json {
            output.as_json();
        }
        let policy = self.policy.map(|policy| match policy {
            Policy::Typed => compat::Policy::Typed,
            Policy::Strict => compat::Policy::Strict,
            Policy::Lenient => compat::Policy::Lenient,
        });
        if let Some(file) = self.cases {
            return cases::run(&file, policy, output);
        }
        let mode = match self.mode {
            Mode::Backward => compat::Mode::Backward,
            Mode::Forward => compat::Mode::Forward,
            Mode::Full => compat::Mode::Full,
        };
        let new = Catalog::read_from(&self.schemas)?;
        let old = against::read(self.against.as_deref().unwrap_or_default(), &self.schemas)?;
        let report = compat::changes(&old, &new, mode, policy.unwrap_or_default());
        let verdict = report.verdict();
        match output.format() {
            Format::Github => {
                output.write_plain(&report::github(&report, &self.schemas.to_string_lossy()))?;
            }
            Format::Junit => output.write_plain(&report::junit(&report))?,
            Format::Text | Format::Json => {
                for change in &report.changes {
                    output.write(|| text(change), || change)?;
                }
                let summary = || json!({"verdict": verdict, "messages": report.messages});
                output.write(|| format!("{} messages: {verdict}", report.messages), summary)?;
            }
        }
        Ok(if verdict == Verdict::Compatible { Exit::Done } else { Exit::Differs })
    }
}

fn text(change: &Change) -> String {
    let weight = match change.severity {
        Severity::Break => "breaks",
        Severity::Warning => "note",
        _ => "undecided",
    };
    let mut lines = vec![format!("{weight}: {}", terminal::line(&change.to_string()))];
    let mut more = |name: &str, value: &str| {
        lines.push(format!("  {name}: {}", terminal::line(value)));
    };
    more("direction", &change.direction.to_string());
    more("why", change.why);
    more("mend", change.mend);
    if let Some(example) = &change.example {
        more("example", &example.to_string());
    }
    lines.join("\n")
}
