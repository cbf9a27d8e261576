//! `tidings object sweep`.

use std::time::Duration;

use clap::Args;
use humantime::parse_duration;
use serde_json::json;

use super::error::of_get;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

/// Removes what cut uploads have left: chunks that no description names.
///
/// Those of an upload under way are such as well. Choose a time in which none of them stands still.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings object sweep invoices --older-than 2h")]
pub(crate) struct Sweep {
    /// The store.
    store: String,
    /// Minimum time since an object's last chunk was stored.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_duration)]
    older_than: Duration,
}

impl Sweep {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { store, older_than } = self;
        let (_bus, objects) = super::open(connection, &store).await?;
        let swept = objects.sweep(older_than).await.map_err(of_get)?;
        output.write(
            || format!("{}: chunks of {swept} cut uploads removed", terminal::line(&store)),
            || json!({ "store": store, "swept": swept }),
        )?;
        Ok(Exit::Done)
    }
}
