//! Counts instructions and allocations: numbers that noise can't move.

mod callgrind;
mod event;
mod gate;
mod latch;
mod section;
mod server;
mod work;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Number of times that everything is counted.
const RUNS: usize = 3;

/// Counts what a message costs in instructions and allocations, with valgrind's callgrind.
#[derive(Debug, Parser)]
struct Arguments {
    /// Fails where it costs more than a limit, or 3 % more than was recorded.
    #[arg(long)]
    check: bool,
    /// Writes down what was counted.
    #[arg(long, conflicts_with = "check")]
    record: bool,
    /// Directory in which callgrind's files are left, for `callgrind_annotate`.
    #[arg(long, default_value = "target/count")]
    profiles: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Does the work that is counted, and nothing else.
    #[command(hide = true)]
    Work,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(Command::Work) = arguments.command {
        work::run()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut counts = Vec::new();
    for _ in 0..RUNS {
        counts.extend(callgrind::run(&arguments.profiles)?);
    }
    let costs = gate::costs(&counts);
    let mut out = std::io::stdout();
    write!(out, "{}", gate::table(&costs))?;
    if arguments.record {
        gate::record(&costs)?;
    }
    if arguments.check {
        if let Some(remark) = gate::remark()? {
            writeln!(out, "{remark}")?;
        }
        let problems = gate::check(&costs)?;
        for problem in &problems {
            writeln!(out, "{problem}")?;
        }
        if !problems.is_empty() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
