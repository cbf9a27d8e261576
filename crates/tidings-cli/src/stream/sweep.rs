//! `tidings stream sweep`.

use std::time::Duration;

use clap::Args;
use humantime::parse_duration;
use serde_json::json;
use tidings::LargeSweep;

use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

/// Removes the objects of a stream's large events that no stream holds any more: neither this one, nor
/// any stream of dead letters, nor one that mirrors or sources these.
///
/// An object is stored before its event: choose an age that no publish takes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings stream sweep SCANS --older-than 6h --dry-run")]
pub(crate) struct Sweep {
    /// The stream of the events.
    stream: String,
    /// The object store of its large events, where it is not `<STREAM>-large`.
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Minimum age of an object.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_duration)]
    older_than: Duration,
    /// Removes nothing, and says what would be removed.
    #[arg(long)]
    dry_run: bool,
}

impl Sweep {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { stream, store, older_than, dry_run } = self;
        let store = store.unwrap_or_else(|| format!("{stream}-large"));
        let bus = connection.open().await?;
        let mut sweep = bus.sweep_large_of(&stream, &store).older_than(older_than);
        if dry_run {
            sweep = sweep.dry_run();
        }
        let LargeSweep { kept, young, removed, others, uploads, .. } = sweep.await?;
        let done = if dry_run { "to be removed" } else { "removed" };
        output.write(
            || {
                let store = terminal::line(&store);
                format!(
                    "{store}: {removed} objects {done}, {kept} kept, {young} too young, {others} of others, \
                     {uploads} cut uploads removed"
                )
            },
            || {
                json!({
                    "stream": stream, "store": store, "removed": removed, "kept": kept, "young": young,
                    "others": others, "uploads": uploads, "dry_run": dry_run,
                })
            },
        )?;
        Ok(Exit::Done)
    }
}
