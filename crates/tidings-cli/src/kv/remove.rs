//! `tidings kv rm`.

use clap::Args;
use serde_json::json;

use super::error::of_put;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

/// Removes keys: they have no value any more, and their history is kept.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings kv rm sessions acme.7\n  \
    tidings kv rm sessions acme.7 acme.8 --purge")]
pub(crate) struct Remove {
    /// The bucket.
    bucket: String,
    /// The keys, such as `acme.7`.
    #[arg(required = true)]
    keys: Vec<String>,
    /// Removes the history of each with it.
    #[arg(long)]
    purge: bool,
    /// Removes the key only if this is its revision.
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u64>,
}

impl Remove {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { bucket, keys, purge, revision } = self;
        let (_bus, values) = super::open(connection, &bucket).await?;
        let how = if purge { "purged" } else { "deleted" };
        for key in keys {
            let mut write = if purge { values.purge(&key) } else { values.delete(&key) };
            if let Some(revision) = revision {
                write = write.at(revision);
            }
            let revision = write.await.map_err(of_put)?;
            output.write(
                || format!("{}: {how} (revision {revision})", terminal::line(&key)),
                || json!({ "bucket": bucket, "key": key, "removed": how, "revision": revision }),
            )?;
        }
        Ok(Exit::Done)
    }
}
