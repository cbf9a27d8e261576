//! `tidings dlq redrive`.

use clap::Args;
use serde_json::json;
use tidings::RedriveReport;

use super::choice::{self, Chosen, Whose};
use crate::confirm::confirm;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::Bar;
use crate::terminal;

/// Puts originals back on their subjects, in order, and removes their letters.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(
    after_help = "Examples:\n  tidings dlq redrive --registry shop 42 --only-failed\n  tidings dlq redrive --registry shop --dry-run"
)]
pub(crate) struct Redrive {
    #[command(flatten)]
    whose: Whose,
    /// Puts them back for the consumer that failed alone: the others of Tidings pass them over.
    #[arg(long)]
    only_failed: bool,
    /// Goes on where a stream takes nothing or the server does not answer, instead of leaving the rest
    /// alone. A letter that is bad by itself never ends it.
    #[arg(long)]
    keep_going: bool,
    /// Changes nothing, and says what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Does not ask before all letters are put back.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    chosen: Chosen,
}

impl Redrive {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { whose, chosen, only_failed, keep_going, dry_run, yes } = self;
        let (filters, most) = chosen.filters();
        let question = "Put all letters back?";
        if choice::is_all(&filters) && !dry_run && !confirm(question, yes)? {
            return Ok(Exit::Failed);
        }
        let bus = connection.open().await?;
        let letters = whose.letters(&bus);
        let mut sum = RedriveReport::default();
        for filter in filters {
            let bar = Bar::new("putting back");
            let mut redrive = letters.redrive(filter).on_progress(|progress| bar.show(progress));
            if only_failed {
                redrive = redrive.only_failed_consumer();
            }
            if keep_going {
                redrive = redrive.keep_going();
            }
            if dry_run {
                redrive = redrive.dry_run();
            }
            let report = redrive.await?;
            sum.redriven += report.redriven;
            sum.duplicates += report.duplicates;
            sum.failed += report.failed;
            sum.errors.extend(report.errors);
            sum.left += report.left;
            sum.stopped |= report.stopped;
            if report.stopped || sum.redriven + sum.failed >= most {
                break;
            }
        }
        output.write(|| text(&sum, dry_run), || value(&sum, dry_run))?;
        Ok(if sum.failed == 0 { Exit::Done } else { Exit::Failed })
    }
}

fn text(report: &RedriveReport, dry_run: bool) -> String {
    let would = if dry_run { "would be " } else { "" };
    let mut text = format!("{} {would}put back", report.redriven);
    if report.duplicates > 0 {
        text = format!("{text}, {} of them had been already", report.duplicates);
    }
    if report.failed > 0 {
        let refused = if dry_run { "would be refused" } else { "failed" };
        text = format!("{text}, {} {refused}", report.failed);
    }
    if report.left > 0 {
        text = format!("{text}, {} left alone behind them", report.left);
    }
    if report.stopped {
        text.push_str("; the rest was left alone (`--keep-going` goes on)");
    }
    for error in &report.errors {
        text = format!("{text}\n  {}", terminal::line(&error.to_string()));
    }
    text
}

fn value(report: &RedriveReport, dry_run: bool) -> serde_json::Value {
    json!({
        "redriven": report.redriven,
        "duplicates": report.duplicates,
        "failed": report.failed,
        "left": report.left,
        "errors": report.errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "stopped": report.stopped,
        "dry_run": dry_run,
    })
}
