//! What the bus promises, while servers and processes are killed and members come and go.
//!
//! `ordeal kill`, `ordeal cluster` and `ordeal group`, each with `--events N`, `--seed N` and
//! `--kills N`; the suite runs short forms of them. What was lost, or done twice, ends it with an
//! error; else it prints the counts.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

mod account;
mod chance;
mod crew;
mod flow;
mod ground;
mod group;
mod option;
mod publisher;
mod work;
mod worker;

use std::process::ExitCode;

use anyhow::{Result, bail};

use ground::Ground;
use option::Options;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("ends: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut words: impl Iterator<Item = String>) -> Result<()> {
    let what = words.next().unwrap_or_default();
    match what.as_str() {
        "kill" => {
            let options = Options::read(words, &Options { events: 50_000, seed: 1, kills: 10 })?;
            flow::run(&mut Ground::server().await, options.kills, &options).await
        }
        "cluster" => {
            let options = Options::read(words, &Options { events: 20_000, seed: 1, kills: 5 })?;
            flow::run(&mut Ground::cluster().await, 0, &options).await
        }
        "group" => {
            let options = Options::read(words, &Options { events: 300_000, seed: 1, kills: 10 })?;
            group::run(&options).await
        }
        // A process of its own that the others start.
        "worker" => worker::run(words).await,
        _ => bail!(
            "ordeal <kill|cluster|group> [--events N] [--seed N] [--kills N]; {what:?} is none"
        ),
    }
}
