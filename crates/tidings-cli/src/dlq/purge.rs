//! `tidings dlq purge`.

use clap::Args;
use serde_json::json;

use super::choice::{self, Chosen, Whose};
use crate::confirm::confirm;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::Bar;

/// Removes letters for good, and with them the last of their originals.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings dlq purge --registry shop --subject 'orders.eu.>'")]
pub(crate) struct Purge {
    #[command(flatten)]
    whose: Whose,
    /// Changes nothing, and says what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Does not ask before all letters are removed.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    chosen: Chosen,
}

impl Purge {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { whose, chosen, dry_run, yes } = self;
        let (filters, most) = chosen.filters();
        if choice::is_all(&filters) && !dry_run && !confirm("Remove all letters for good?", yes)? {
            return Ok(Exit::Failed);
        }
        let bus = connection.open().await?;
        let letters = whose.letters(&bus);
        let mut purged = 0;
        for filter in filters {
            let bar = Bar::new("removing");
            let mut purge = letters.purge(filter).on_progress(|progress| bar.show(progress));
            if dry_run {
                purge = purge.dry_run();
            }
            purged += purge.await?.purged;
            if purged >= most {
                break;
            }
        }
        let would = if dry_run { "would be " } else { "" };
        output.write(
            || format!("{purged} {would}removed"),
            || json!({ "purged": purged, "dry_run": dry_run }),
        )?;
        Ok(Exit::Done)
    }
}
