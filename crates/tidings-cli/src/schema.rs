//! `tidings schema`: contracts of messages, as a schemas folder holds them.

mod accept;
mod against;
mod cases;
mod changelog;
mod check;
mod comparison;
mod diff;
mod judged;
mod validate;

use clap::Subcommand;

use crate::exit::Exit;
use crate::output::Output;

/// Contracts of messages, as a schemas folder holds them. No server is asked.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tidings schema check --against HEAD~1")]
pub(crate) enum Schema {
    /// Says what a change of the contracts breaks, for whom, and the way out.
    Check(check::Check),
    /// Keeps what breaks on purpose in the folder's lock file, with the reason.
    ///
    /// Each acceptance covers exactly one change, so that another one at the same place is found again.
    Accept(accept::Accept),
    /// Shows everything in which the contracts of now differ from those of before, harmful or not, and which rules each
    /// edit has a part in.
    Diff(diff::Diff),
    /// Writes what changed, message by message, as Markdown: with verdict, way out, and the reason of what
    /// was accepted.
    Changelog(changelog::Changelog),
    /// Says of each JSON document whether a message's schema takes it, and if not, where it does not.
    Validate(validate::Validate),
}

impl Schema {
    pub(crate) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        match self {
            Self::Check(check) => check.run(output),
            Self::Accept(accept) => accept.run(output),
            Self::Diff(diff) => diff.run(output),
            Self::Changelog(changelog) => changelog.run(output),
            Self::Validate(validate) => validate.run(output),
        }
    }
}
