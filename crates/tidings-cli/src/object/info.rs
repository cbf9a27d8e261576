//! `tidings object info`.

use anyhow::bail;
use clap::Args;

use super::error::of_get;
use super::view;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Shows what is said of an object: size, digest, time, description, metadata and headers. Of a link, it is what
/// is said of the link.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings object info invoices 2026/7.pdf")]
pub(crate) struct Info {
    /// The store.
    store: String,
    /// The object, such as `2026/7.pdf`.
    name: String,
}

impl Info {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { store, name } = self;
        let (_bus, objects) = super::open(connection, &store).await?;
        let Some(info) = objects.info(&name).await.map_err(of_get)? else {
            bail!("store `{store}` has no object `{name}`");
        };
        output.write(|| view::whole(&info), || view::json(&info))?;
        Ok(Exit::Done)
    }
}
