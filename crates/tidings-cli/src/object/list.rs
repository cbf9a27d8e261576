//! `tidings object ls`.

use clap::Args;

use super::error::of_get;
use super::view;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Lists the objects of a store: name, revision, time, size and description.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings object ls invoices\n  \
    tidings object ls invoices --format json")]
pub(crate) struct List {
    /// The store.
    store: String,
}

impl List {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let (_bus, objects) = super::open(connection, &self.store).await?;
        let mut all = objects.list().await.map_err(of_get)?;
        while let Some(info) = all.next().await {
            let info = info?;
            output.write(|| view::line(&info), || view::json(&info))?;
        }
        Ok(Exit::Done)
    }
}
