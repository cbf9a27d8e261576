//! `tidings kv`: values of buckets, by key.

mod error;
mod get;
mod history;

mod list;
mod put;
mod remove;
mod view;
mod watch;

use clap::Subcommand;
use serde_json::Value;
use tidings::{Bus, KeyValue, TextKeys};

use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Values of buckets, by key.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tidings kv get sessions acme.7")]
pub(crate) enum Kv {
    /// Shows the value of a key.
    Get(get::Get),
    /// Shows all that the bucket keeps of a key, oldest first, removals too.
    History(history::History),
    /// Lists the keys that have a value.
    Ls(list::List),
    /// Stores a value.
    Put(put::Put),
    /// Removes keys.
    Rm(remove::Remove),
    /// Shows all values, then each change.
    Watch(watch::Watch),
}

impl Kv {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        match self {
            Self::Get(get) => get.run(connection, output).await,
            Self::History(history) => history.run(connection, output).await,
            Self::Ls(list) => list.run(connection, output).await,
            Self::Put(put) => put.run(connection, output).await,
            Self::Rm(remove) => remove.run(connection, output).await,
            Self::Watch(watch) => watch.run(connection, output).await,
        }
    }
}

/// A bucket whose values are JSON of any kind.
type Bucket = KeyValue<Value, TextKeys>;

async fn open(connection: &Connection, bucket: &str) -> anyhow::Result<(Bus, Bucket)> {
    let bus = connection.open().await?;
    let opened = bus.bucket(bucket);
    Ok((bus, opened))
}
