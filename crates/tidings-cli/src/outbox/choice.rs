//! Choice of the parked events that are meant.

use clap::Args;
use tidings_sql::ParkedFilter;

/// Choice of parked events: one of these has to be said.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Choice {
    /// All parked events.
    #[arg(long)]
    all: bool,
    /// Parked events of a key.
    #[arg(long)]
    event_key: Option<String>,
    /// The parked event of this row, as `tidings outbox parked` tells it.
    #[arg(long)]
    row: Option<i64>,
}

impl Choice {
    pub(super) fn filter(self) -> ParkedFilter {
        match self {
            Self { event_key: Some(key), .. } => ParkedFilter::Key(key),
            Self { row: Some(row), .. } => ParkedFilter::Row(row),
            _ => ParkedFilter::All,
        }
    }
}

/// Says that nothing parked is what was meant; `None` where all were.
pub(super) fn missing(filter: &ParkedFilter) -> Option<anyhow::Error> {
    let meant = match filter {
        ParkedFilter::Row(row) => format!("is row {row}"),
        ParkedFilter::Key(key) => format!("has the key {key:?}"),
        _ => return None,
    };
    Some(anyhow::anyhow!("no parked event {meant}: `tidings outbox parked` lists them"))
}
