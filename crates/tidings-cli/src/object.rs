//! `tidings object`: large things by name, in object stores.

mod error;
mod get;
mod info;
mod list;
mod put;
mod range;
mod remove;
mod source;
mod sweep;
mod view;
mod watch;

use clap::Subcommand;
use tidings::{Bus, Objects};

use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Large things by name, in object stores.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tidings object put invoices 2026/7.pdf 7.pdf")]
pub(crate) enum Object {
    /// Reads an object into a file, or on the standard output.
    Get(get::Get),
    /// Shows what is said of an object.
    Info(info::Info),
    /// Lists the objects of a store.
    Ls(list::List),
    /// Stores an object from a file, or from the standard input.
    Put(put::Put),
    /// Deletes objects.
    Rm(remove::Remove),
    /// Removes what cut uploads have left.
    Sweep(sweep::Sweep),
    /// Shows all objects, then each change.
    Watch(watch::Watch),
}

impl Object {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        match self {
            Self::Get(get) => get.run(connection, output).await,
            Self::Info(info) => info.run(connection, output).await,
            Self::Ls(list) => list.run(connection, output).await,
            Self::Put(put) => put.run(connection, output).await,
            Self::Rm(remove) => remove.run(connection, output).await,
            Self::Sweep(sweep) => sweep.run(connection, output).await,
            Self::Watch(watch) => watch.run(connection, output).await,
        }
    }
}

async fn open(connection: &Connection, store: &str) -> anyhow::Result<(Bus, Objects)> {
    let bus = connection.open().await?;
    let opened = bus.objects(store);
    Ok((bus, opened))
}
