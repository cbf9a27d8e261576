//! `tidings schema`: contracts of messages, as a schemas folder holds them.

mod accept;
mod against;
mod cases;
mod changelog;
mod check;
mod comparison;
mod diff;
mod report;
mod validate;

use clap::Subcommand;

use crate::exit::{Exit, Usage};
use crate::output::{Format, Output};

/// Contracts of messages, as a schemas folder holds them. No server is asked.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tidings schema check --against HEAD~1")]
pub(crate) enum Schema {
    /// Says what a change of the contracts breaks, for whom, and the way out.
    ///
    /// Exits with 3 where something breaks or can't be decided.
    Check(check::Check),
    /// Keeps what breaks on purpose in the folder's lock file, with the reason.
    ///
    /// Each acceptance covers exactly one change, so that another one at the same place is found again.
    Accept(accept::Accept),
    /// Shows everything in which the contracts of now differ from those of before, harmful or not.
    Diff(diff::Diff),
    /// Writes what changed, message by message, as Markdown: with verdict, way out, and the reason of what
    /// was accepted.
    Changelog(changelog::Changelog),
    /// Says of each JSON document whether a message's schema takes it, and if not, where it does not.
    ///
    /// Exits with 3 where a document is not valid.
    Validate(validate::Validate),
}

impl Schema {
    pub(crate) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        if output.format() == Format::Junit && !matches!(self, Self::Check(_)) {
            let why = "only `schema check` writes `--format junit`: ask for `text` or `json`";
            return Err(Usage(why.to_owned()).into());
        }
        match self {
            Self::Check(check) => check.run(output),
            Self::Accept(accept) => accept.run(output),
            Self::Diff(diff) => diff.run(output),
            Self::Changelog(changelog) => changelog.run(output),
            Self::Validate(validate) => validate.run(output),
        }
    }
}
