//! `tidings kv watch`.

use clap::Args;
use serde_json::Value;
use tidings::{WatchError, WatchEvent};

use super::error::of_get;
use super::view::State;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;
use crate::watch::{self, Item, Shown};

/// Shows all values, then each change.
///
/// A line says the key, the revision, the time and the value, or how it was removed. `(current)` stands where
/// all is shown that there was, and `(resynchronised)` after a lost connection, or where the bucket was purged
/// or made again: all of it follows anew.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings kv watch sessions\n  \
    tidings kv watch sessions 'acme.*' --updates-only --count 10 --format json")]
pub(crate) struct Watch {
    /// The bucket.
    bucket: String,
    /// The keys, such as `acme.*`.
    #[arg(default_value = ">")]
    filter: String,
    /// Leaves out the values that there are.
    #[arg(long, conflicts_with = "history")]
    updates_only: bool,
    /// Shows all that is kept of each key first, and not the last value alone.
    #[arg(long)]
    history: bool,
    /// Ends after so many values and removals.
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
}

impl Watch {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let (_bus, values) = super::open(connection, &self.bucket).await?;
        let mut watching = values.watch_of(self.filter.as_str());
        if self.updates_only {
            watching = watching.updates_only();
        }
        if self.history {
            watching = watching.with_history();
        }
        let mut changes = watching.await.map_err(of_get)?;
        terminal::note(&format!("watching {} of {}; Ctrl-C ends it", self.filter, self.bucket));
        watch::show(output, self.count, async || changes.next().await.map(item_of)).await?;
        Ok(Exit::Done)
    }
}

impl Shown for State {
    fn text(&self) -> String {
        State::text(self)
    }

    fn json(&self) -> Value {
        State::json(self)
    }
}

fn item_of(event: Result<WatchEvent<Value>, WatchError>) -> anyhow::Result<Item<State>> {
    let state = match event {
        Ok(WatchEvent::Current) => return Ok(Item::Mark("current")),
        Ok(WatchEvent::Resynchronised) => return Ok(Item::Mark("resynchronised")),
        Ok(event) => State::told(event),
        Err(WatchError::Entry(error)) => State::unreadable(&error),
        Err(error @ WatchError::Denied(_)) => return Err(error.into()),
        Err(error) => return Ok(Item::Problem(error.to_string())),
    };
    Ok(state.map_or(Item::Nothing, Item::Change))
}
