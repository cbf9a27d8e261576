//! `tidings-bench compare`, by its own name.

use std::process::ExitCode;

use clap::Parser;
use tidings_bench::compare;

/// Compares Tidings with async-nats written by hand
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    options: compare::Options,
}

fn main() -> ExitCode {
    let Arguments { options } = Arguments::parse();
    tidings_bench::exit(compare::run(&options).map(|met| met || !options.strict))
}
