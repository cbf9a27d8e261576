//! `tidings dlq show`.

use clap::Args;

use super::choice::Whose;
use super::view;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Shows one letter with its headers and its payload.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings dlq show --registry shop 42")]
pub(crate) struct Show {
    #[command(flatten)]
    whose: Whose,
    /// The letter's sequence.
    sequence: u64,
}

impl Show {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let bus = connection.open().await?;
        let letter = self.whose.letters(&bus).get(self.sequence).await?;
        output.write(|| view::whole(&letter), || view::json(&letter, true))?;
        Ok(Exit::Done)
    }
}
