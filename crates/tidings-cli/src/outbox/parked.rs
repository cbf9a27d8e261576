//! `tidings outbox parked`.

use clap::Args;
use serde_json::{Value, json};
use tidings_sql::{OutboxTable, ParkedRecord};

use super::database::{DatabaseUrl, with_pool};
use crate::exit::Exit;
use crate::moment;
use crate::output::Output;
use crate::terminal;

/// Number of rows that are read at a time.
const PAGE: u32 = 500;

/// Lists events that can't be published, and those that wait behind them, each with the reason. As JSON each is a line of its
/// own.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidings outbox parked --database postgres://shop@db.example.com/shop --format json"
)]
pub(crate) struct Parked {
    #[command(flatten)]
    database: DatabaseUrl,
}

impl Parked {
    pub(super) async fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let pool = self.database.open().await?;
        with_pool!(&pool, pool => {
            let table = OutboxTable::open(pool).await?;
            let mut after = 0;
            loop {
                let page = table.parked(after, PAGE).await?;
                for record in &page {
                    output.write(|| line(record), || value(record))?;
                }
                match page.last() {
                    Some(last) => after = last.id,
                    None => return Ok(Exit::Done),
                }
            }
        })
    }
}

fn line(record: &ParkedRecord) -> String {
    let why = match record.behind {
        Some(row) if record.reason.is_empty() => format!("waits for row {row}"),
        _ => terminal::line(&record.reason),
    };
    format!(
        "{:>6}  {}  {}  {}  {}  {why}",
        record.id,
        moment::write(record.parked_at),
        terminal::line(&record.key),
        terminal::line(&record.stream),
        terminal::line(&record.subject),
    )
}

fn value(record: &ParkedRecord) -> Value {
    json!({
        "row": record.id,
        "parked_at": moment::write(record.parked_at),
        "key": record.key,
        "stream": record.stream,
        "subject": record.subject,
        "message_id": record.message_id,
        "reason": Some(&record.reason).filter(|reason| !reason.is_empty()),
        "behind": record.behind,
    })
}
