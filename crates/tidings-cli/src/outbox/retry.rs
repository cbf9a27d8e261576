//! `tidings outbox retry`.

use clap::Args;
use serde_json::json;
use tidings_sql::OutboxTable;

use super::choice::{Choice, missing};
use super::database::{DatabaseUrl, with_pool};
use crate::exit::Exit;
use crate::output::Output;

/// Lets events be published again that could not be: by the relay that runs next. Those of a key go together, in their
/// order.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidings outbox retry --database postgres://shop@db.example.com/shop --event-key order-7"
)]
pub(crate) struct RetryParked {
    #[command(flatten)]
    database: DatabaseUrl,
    #[command(flatten)]
    choice: Choice,
}

impl RetryParked {
    pub(super) async fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let pool = self.database.open().await?;
        let filter = self.choice.filter();
        let retried =
            with_pool!(&pool, pool => OutboxTable::open(pool).await?.retry(&filter).await?);
        if let (0, Some(missing)) = (retried, missing(&filter)) {
            return Err(missing);
        }
        output.write(
            || format!("{retried} will be published again"),
            || json!({ "retried": retried }),
        )?;
        Ok(Exit::Done)
    }
}
