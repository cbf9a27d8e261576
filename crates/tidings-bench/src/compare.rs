//! Ours beside the idiom that an expert writes by hand, row by row.

mod allocation;
mod core_publish;
mod core_receive;
#[cfg(feature = "optional")]
mod key_value;
#[cfg(feature = "optional")]
mod large_event;
mod memory_handle;
#[cfg(feature = "optional")]
mod object_store;
#[cfg(feature = "optional")]
mod optional;
mod processor;
mod report;
mod request;
mod round;
mod row;
mod sample;
mod stream_consume;
mod stream_publish;
mod stream_replay;
mod table;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};

pub use allocation::{Allocations, count};
pub use report::Report;

use crate::environment::Environment;

/// Choice of what to compare, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Number of times that each row is run, raw and ours in turns
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,

    /// The rows to run: names, or the beginnings of names, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub rows: Vec<String>,

    /// Number of messages of each lap, as a multiple of what is usual
    #[arg(long, default_value_t = 1.0)]
    pub scale: f64,

    /// Writes everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Leaves the allocations uncounted
    #[arg(long)]
    pub no_allocations: bool,

    /// Runs one side only, for a profiler
    #[arg(long, value_enum)]
    pub only: Option<Only>,

    /// Fails if a row is below its target
    #[arg(long)]
    pub strict: bool,
}

/// Side of a comparison that is measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Only {
    /// async-nats and `serde_json`.
    Raw,
    /// Tidings.
    Ours,
}

/// Runs the rows, prints the table, and says whether all have met their targets.
///
/// # Errors
/// If a row can't be run, or loses a message.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]
pub fn run(options: &Options) -> Result<bool> {
    let rows = row::picked(&options.rows)?;
    let allocations =
        if options.no_allocations { Allocations::default() } else { allocation::counted(&rows)? };
    let runtime = tokio::runtime::Runtime::new()?;
    let environment = Arc::new(runtime.block_on(Environment::start())?);
    let mut report = Report::new(options.rounds, options.scale);
    for row in rows {
        eprintln!("{} …", row.name);
        let rounds = round::run(&runtime, &environment, row, options)
            .with_context(|| format!("the row `{}`", row.name))?;
        report.add(row, &rounds, allocations.of(row.name));
    }
    println!("{}", table::table(&report));
    if let Some(file) = &options.json {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, json + "\n")
            .with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(report.met())
}
