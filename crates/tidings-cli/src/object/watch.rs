//! `tidings object watch`.

use clap::Args;
use serde_json::Value;
use tidings::{ObjectEvent, ObjectInfo, ObjectWatchError};

use super::error::of_get;
use super::view;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;
use crate::watch::{self, Item, Shown};

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
        let mut watching = objects.watch();
        if self.updates_only {
            watching = watching.updates_only();
        }
        let mut changes = watching.await.map_err(of_get)?;
        terminal::note(&format!("watching {}; Ctrl-C ends it", self.store));
        watch::show(output, self.count, async || changes.next().await.map(item_of)).await?;
        Ok(Exit::Done)
    }
}

impl Shown for ObjectInfo {
    fn text(&self) -> String {
        view::line(self)
    }

    fn json(&self) -> Value {
        view::json(self)
    }
}

fn item_of(event: Result<ObjectEvent, ObjectWatchError>) -> anyhow::Result<Item<ObjectInfo>> {
    Ok(match event {
        Ok(ObjectEvent::Put(info) | ObjectEvent::Removed(info)) => Item::Change(info),
        Ok(ObjectEvent::Current) => Item::Mark("current"),
        Ok(ObjectEvent::Resynchronised) => Item::Mark("resynchronised"),
        Ok(_) => Item::Nothing,
        Err(error @ ObjectWatchError::Denied(_)) => return Err(error.into()),
        Err(error) => Item::Problem(error.to_string()),
    })
}
