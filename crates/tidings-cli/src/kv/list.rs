//! `tidings kv ls`.

use clap::Args;
use serde_json::json;

use super::error::of_get;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

/// Lists the keys that have a value.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings kv ls sessions\n  tidings kv ls sessions 'acme.*'")]
pub(crate) struct List {
    /// The bucket.
    bucket: String,
    /// The keys, such as `acme.*`.
    #[arg(default_value = ">")]
    filter: String,
}

impl List {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let (_bus, values) = super::open(connection, &self.bucket).await?;
        let mut keys = values.keys_of(self.filter.as_str()).await.map_err(of_get)?;
        while let Some(key) = keys.next().await {
            let key = key?;
            output.write(|| terminal::line(&key), || json!({ "key": key }))?;
        }
        Ok(Exit::Done)
    }
}
