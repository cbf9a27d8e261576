//! `tidings stream`: streams as a schemas folder declares them.

mod apply;
mod finding;
mod folder;
mod plan;

use clap::Subcommand;

use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Streams as the `*.stream.json` files of a schemas folder declare them.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tidings stream plan --schemas schemas")]
pub(crate) enum Stream {
    /// Says what is to be done so that streams are as declared, and changes nothing.
    Plan(plan::Plan),
    /// Makes streams what is declared, as far as nothing is lost.
    Apply(apply::Apply),
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
        }
    }
}
