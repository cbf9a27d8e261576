//! `tidings schema`: contracts of messages, as a schemas folder holds them.

mod against;
mod cases;
mod check;
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
}

impl Schema {
    pub(crate) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        match self {
            Self::Check(check) => check.run(output),
        }
    }
}
