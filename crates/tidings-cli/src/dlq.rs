//! `tidings dlq`: dead letters.

mod choice;
mod list;
mod purge;
mod redrive;
mod show;
mod view;

use clap::Subcommand;

use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Dead letters: what could not be handled.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tidings dlq list --registry shop")]
pub(crate) enum Dlq {
    /// Lists letters, the oldest first.
    List(list::List),
    /// Shows one letter with its headers and its payload.
    Show(show::Show),
    /// Puts originals back on their subjects, in order, and removes their letters.
    Redrive(redrive::Redrive),
    /// Removes letters for good.
    Purge(purge::Purge),
}

impl Dlq {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        match self {
            Self::List(list) => list.run(connection, output).await,
            Self::Show(show) => show.run(connection, output).await,
            Self::Redrive(redrive) => redrive.run(connection, output).await,
            Self::Purge(purge) => purge.run(connection, output).await,
        }
    }
}
