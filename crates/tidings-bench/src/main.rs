//! Measures Tidings.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tidings_bench::{compare, routes, soak};

/// Measures Tidings
#[derive(Debug, Parser)]
#[command(name = "tidings-bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ours beside async-nats written by hand, row by row
    Compare(compare::Options),
    /// Minutes at full speed, with flat memory and nothing lost
    Soak(soak::Options),
    /// Many routes in one process: how long they take to start, and how much memory they have
    Routes(routes::Options),
}

fn main() -> ExitCode {
    tidings_bench::exit(match Arguments::parse().command {
        Command::Compare(options) => compare::run(&options).map(|met| met || !options.strict),
        Command::Soak(options) => soak::run(&options).map(|()| true),
        Command::Routes(options) => routes::run(&options).map(|()| true),
    })
}
