//! `tidings object watch`.

use std::io::{self, Write as _};

use anyhow::bail;
use clap::Args;
use serde_json::json;
use tidings::{ObjectEvent, ObjectWatchError};

use super::error::of_get;
use super::view;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

/// Shows all objects, then each change.
///
/// A line says the name, the revision, the time and the size, or that it was deleted. `(current)` stands where all
/// is shown that there was, and `(resynchronised)` after a lost connection, or where the store was purged or made
/// again: all of it follows anew.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings object watch invoices\n  \
    tidings object watch invoices --updates-only --count 10 --format json")]
pub(crate) struct Watch {
    /// The store.
    store: String,
    /// Leaves out the objects that there are.
    #[arg(long)]
    updates_only: bool,
    /// Ends after so many objects and removals.
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
}

impl Watch {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let (_bus, objects) = super::open(connection, &self.store).await?;
        let mut watch = objects.watch();
        if self.updates_only {
            watch = watch.updates_only();
        }
        let mut changes = watch.await.map_err(of_get)?;
        tell(&format!("watching {}; Ctrl-C ends it", self.store));
        let end = tokio::signal::ctrl_c();
        tokio::pin!(end);
        let mut shown = 0;
        while self.count.is_none_or(|count| shown < count) {
            let next = tokio::select! {
                _ = &mut end => break,
                next = changes.next() => next,
            };
            let info = match next {
                None => bail!("the connection was closed"),
                Some(Ok(ObjectEvent::Put(info) | ObjectEvent::Removed(info))) => info,
                Some(Ok(ObjectEvent::Current)) => {
                    mark(output, "current")?;
                    continue;
                }
                Some(Ok(ObjectEvent::Resynchronised)) => {
                    mark(output, "resynchronised")?;
                    continue;
                }
                Some(Ok(_)) => continue,
                Some(Err(error @ ObjectWatchError::Denied(_))) => return Err(error.into()),
                Some(Err(error)) => {
                    tell(&error.to_string());
                    continue;
                }
            };
            output.write(|| view::line(&info), || view::json(&info))?;
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

/// Tells who looks on, apart from the objects.
fn tell(text: &str) {
    // There is nobody left to tell.
    let _ = writeln!(io::stderr(), "{}", terminal::line(text));
}
