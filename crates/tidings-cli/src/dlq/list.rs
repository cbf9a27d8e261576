//! `tidings dlq list`.

use clap::Args;

use super::choice::{Choice, Whose};
use super::view;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Lists letters, the oldest first. As JSON each is a line of its own.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidings dlq list --registry shop --reason undecodable --since 2h --format json"
)]
pub(crate) struct List {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    choice: Choice,
}

impl List {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let bus = connection.open().await?;
        let mut letters = self.whose.letters(&bus).list(self.choice.filter());
        while let Some(letter) = letters.next().await {
            let letter = letter?;
            output.write(|| view::line(&letter), || view::json(&letter, false))?;
        }
        Ok(Exit::Done)
    }
}
