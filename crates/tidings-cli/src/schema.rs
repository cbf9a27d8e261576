//! `tidings schema`: contracts of messages, as a schemas folder holds them.

mod accept;
mod against;
mod cases;
mod check;
mod comparison;
mod report;

use clap::Subcommand;

use crate::exit::Exit;
use crate::output::Output;

/// Contracts of messages, as a schemas folder holds them. No server is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    /// Says what a change of the contracts breaks, for whom, and the way out.
    ///
    /// Exits with 3 where something breaks or can't be decided.
    Check(check::Check),
    /// Keeps what breaks on purpose in the folder's lock file, with the reason.
    ///
    /// Each acceptance covers exactly one change, so that another one at the same place is found again.
    Accept(accept::Accept),
}

impl Schema {
    pub(crate) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        match self {
            Self::Check(check) => check.run(output),
            Self::Accept(accept) => accept.run(output),
        }
    }
}
