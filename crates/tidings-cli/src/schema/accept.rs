//! `tidings schema accept`.

use clap::Args;
use serde_json::json;
use tidings_contract::accept;
use tidings_contract::compat::Change;

use super::check;
use super::comparison::{Before, Judgement};
use crate::exit::{Exit, Usage};
use crate::output::Output;

/// The longest reason, in bytes.
const LONGEST: usize = 4096;

/// Keeps what breaks on purpose in the folder's lock file, with the reason.
///
/// Each acceptance covers exactly one change, so that another one at the same place is found again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tidings schema accept --against HEAD --reason 'nobody reads it yet'\n  \
    tidings schema accept --against v1.1 --message orders.created.v1 --rule maximum-lowered \\\n    \
    --reason 'no order costs more'"
)]
pub(crate) struct Accept {
    #[command(flatten)]
    before: Before,
    #[command(flatten)]
    judgement: Judgement,
    /// The reason, for whoever asks later.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Accepts breaks of this message alone; else of all. Beside messages there are `service NAME`, `consumer STREAM/NAME`,
    /// `stream NAME` and `store NAME`.
    #[arg(long, value_name = "NAME.vN")]
    message: Option<String>,
    /// Accepts breaks by this rule alone; else by all.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
}

impl Accept {
    pub(super) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.len() > LONGEST {
            let why = format!("--reason is a text of 1 to {LONGEST} bytes: say why it is meant");
            return Err(Usage(why).into());
        }
        let report = self.before.compare(&self.judgement)?.report;
        let open: Vec<&Change> = report.changes.iter().filter(|change| change.fails()).collect();
        let is_meant = |change: &&&Change| {
            self.message.as_ref().is_none_or(|message| change.message == *message)
                && self.rule.as_ref().is_none_or(|rule| change.rule == rule)
        };
        let meant: Vec<&Change> = open.iter().filter(is_meant).copied().collect();
        if meant.is_empty() && !open.is_empty() {
            let there: Vec<_> =
                open.iter().map(|one| format!("{} {}", one.message, one.rule)).collect();
            let why = format!("nothing like that breaks; what does: {}", there.join(", "));
            return Err(Usage(why).into());
        }
        if !meant.is_empty() {
            accept(&self.before.schemas, meant.iter().map(|change| change.acceptance(reason)))?;
        }
        for change in &meant {
            let mut accepted = (*change).clone();
            accepted.accepted = Some(reason.to_owned());
            output.write_as(
                Some(check::level(&accepted)),
                || check::text(&accepted),
                || &accepted,
            )?;
        }
        let (count, left) = (meant.len(), open.len() - meant.len());
        output.write(
            || format!("{count} accepted, {left} left"),
            || json!({"accepted": count, "left": left}),
        )?;
        Ok(Exit::Done)
    }
}
