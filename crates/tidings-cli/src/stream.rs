//! `tidings stream`: streams as a schemas folder declares them, and what is left of their large events.

mod apply;
mod finding;
mod folder;
mod plan;
mod sweep;

use clap::Subcommand;

use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Streams as the `*.stream.json` files of a schemas folder declare them, and their large events.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tidings stream plan --schemas schemas")]
pub(crate) enum Stream {
    /// Says what is to be done so that streams are as declared, and changes nothing.
    Plan(plan::Plan),
    /// Makes streams what is declared, as far as nothing is lost.
    Apply(apply::Apply),
    /// Removes objects of large events that no stream holds any more.
    Sweep(sweep::Sweep),
}

impl Stream {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        match self {
            Self::Plan(plan) => plan.run(connection, output).await,
            Self::Apply(apply) => apply.run(connection, output).await,
            Self::Sweep(sweep) => sweep.run(connection, output).await,
        }
    }
}
