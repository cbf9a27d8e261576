//! `tidings object rm`.

use clap::Args;
use serde_json::json;

use super::error::of_put;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

/// Deletes objects: a marker takes the place of each description, and the chunks are removed. Of a link, only the
/// link is deleted.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings object rm invoices 2026/7.pdf 2026/8.pdf")]
pub(crate) struct Remove {
    /// The store.
    store: String,
    /// The objects, such as `2026/7.pdf`.
    #[arg(required = true)]
    names: Vec<String>,
}

impl Remove {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { store, names } = self;
        let (_bus, objects) = super::open(connection, &store).await?;
        let mut exit = Exit::Done;
        for name in names {
            let deleted = objects.delete(&name).await.map_err(of_put)?;
            if !deleted {
                exit = Exit::Failed;
            }
            let how = if deleted { "deleted" } else { "not there" };
            output.write(
                || format!("{}: {how}", terminal::line(&name)),
                || json!({ "store": store, "name": name, "deleted": deleted }),
            )?;
        }
        Ok(exit)
    }
}
