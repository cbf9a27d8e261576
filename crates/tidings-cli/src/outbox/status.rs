//! `tidings outbox status`.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tidings_sql::OutboxTable;

use super::database::{DatabaseUrl, with_pool};
use crate::exit::Exit;
use crate::output::Output;

/// Tells how many events wait, for how long, and how many can't be published.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidings outbox status --database postgres://shop@db.example.com/shop --format json"
)]
pub(crate) struct Status {
    #[command(flatten)]
    database: DatabaseUrl,
}

impl Status {
    pub(super) async fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let pool = self.database.open().await?;
        let status = with_pool!(&pool, pool => OutboxTable::open(pool).await?.status().await?);
        let oldest = status.oldest.map(|oldest| Duration::from_millis(millis(oldest)));
        output.write(
            || {
                let since = oldest
                    .map(|oldest| {
                        format!(", the oldest for {}", humantime::format_duration(oldest))
                    })
                    .unwrap_or_default();
                format!(
                    "{} to be published{since}\n{} parked\n{} bytes",
                    status.pending, status.parked, status.bytes
                )
            },
            || {
                json!({
                    "pending": status.pending,
                    "oldest_ms": status.oldest.map(millis),
                    "parked": status.parked,
                    "bytes": status.bytes,
                })
            },
        )?;
        Ok(Exit::Done)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
