//! `tidings outbox purge`.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tidings_sql::{OutboxTable, ParkedFilter};

use super::choice::missing;
use super::database::{DatabaseUrl, with_pool};
use crate::confirm::confirm;
use crate::exit::Exit;
use crate::output::Output;

/// Removes events for good: parked ones, which are never published then, or those that were published and are kept.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidings outbox purge --database postgres://shop@db.example.com/shop --sent-before 7d"
)]
pub(crate) struct Purge {
    #[command(flatten)]
    database: DatabaseUrl,
    #[command(flatten)]
    what: What,
    /// Does not ask before all parked events are removed.
    #[arg(long)]
    yes: bool,
}

/// The rows to remove: one of these has to be said.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// All parked events.
    #[arg(long)]
    all: bool,
    /// Parked events of a key.
    #[arg(long)]
    event_key: Option<String>,
    /// The parked event of this row, as `tidings outbox parked` tells it.
    #[arg(long)]
    row: Option<i64>,
    /// Events that were published longer ago, such as `7d`, where the relay keeps them.
    #[arg(long, value_parser = humantime::parse_duration)]
    sent_before: Option<Duration>,
}

impl Purge {
    pub(super) async fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let Self { database, what, yes } = self;
        if what.all && !confirm("Remove all parked events for good?", yes)? {
            return Ok(Exit::Failed);
        }
        let pool = database.open().await?;
        let filter = match &what {
            What { event_key: Some(key), .. } => ParkedFilter::Key(key.clone()),
            What { row: Some(row), .. } => ParkedFilter::Row(*row),
            _ => ParkedFilter::All,
        };
        let purged = with_pool!(&pool, pool => {
            let table = OutboxTable::open(pool).await?;
            match what.sent_before {
                Some(age) => table.purge_sent(age).await?,
                None => table.purge(&filter).await?,
            }
        });
        if let (0, None, Some(missing)) = (purged, what.sent_before, missing(&filter)) {
            return Err(missing);
        }
        output.write(|| format!("{purged} removed"), || json!({ "purged": purged }))?;
        Ok(Exit::Done)
    }
}
