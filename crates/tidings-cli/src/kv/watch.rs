//! `tidings kv watch`.

use std::io::{self, Write as _};

use anyhow::bail;
use clap::Args;
use serde_json::json;
use tidings::{WatchError, WatchEvent};

use super::error::of_get;
use super::view::State;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

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
        let mut watch = values.watch_of(self.filter.as_str());
        if self.updates_only {
            watch = watch.updates_only();
        }
        if self.history {
            watch = watch.with_history();
        }
        let mut changes = watch.await.map_err(of_get)?;
        tell(&format!("watching {} of {}; Ctrl-C ends it", self.filter, self.bucket));
        let end = tokio::signal::ctrl_c();
        tokio::pin!(end);
        let mut shown = 0;
        while self.count.is_none_or(|count| shown < count) {
            let next = tokio::select! {
                _ = &mut end => break,
                next = changes.next() => next,
            };
            let state = match next {
                None => bail!("the connection was closed"),
                Some(Ok(WatchEvent::Current)) => {
                    mark(output, "current")?;
                    continue;
                }
                Some(Ok(WatchEvent::Resynchronised)) => {
                    mark(output, "resynchronised")?;
                    continue;
                }
                Some(Ok(event)) => State::told(event),
                Some(Err(WatchError::Entry(error))) => State::unreadable(&error),
                Some(Err(error @ WatchError::Denied(_))) => return Err(error.into()),
                Some(Err(error)) => {
                    tell(&error.to_string());
                    None
                }
            };
            let Some(state) = state else { continue };
            output.write(|| state.text(), || state.json())?;
            output.flush()?;
            shown += 1;
        }
        tell(&format!("{shown} shown"));
        Ok(Exit::Done)
    }
}

/// A line about the watch itself.
fn mark(output: &mut Output, what: &str) -> anyhow::Result<()> {
    output.write(|| format!("({what})"), || json!({ "watch": what }))?;
    output.flush()
}

/// Tells who looks on, apart from the values.
fn tell(text: &str) {
    // There is nobody left to tell.
    let _ = writeln!(io::stderr(), "{}", terminal::line(text));
}
