//! Test of the promises of the bus, while servers and processes are killed and members come and go.
//!
//! `ordeal kill`, `ordeal cluster`, `ordeal group`, `ordeal mixed` and `ordeal bucket`, each with `--events N`,
//! `--seed N` and `--kills N`; `ordeal differ`, with `--sessions N` and `--seed N`, compares the bus in
//! memory with a server. The suite runs short forms of them. What was lost, or done twice, ends it with an
//! error; else it prints the counts.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

mod bucket;
mod environment;
mod event;
mod flow;
mod group;
mod mixed;
mod option;
mod publisher;
mod verify;
mod worker;
mod worker_pool;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use environment::Environment;
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
            flow::run(&mut Environment::server().await, options.kills, &options).await
        }
        "cluster" => {
            let options = Options::read(words, &Options { events: 20_000, seed: 1, kills: 5 })?;
            flow::run(&mut Environment::cluster().await, 0, &options).await
        }
        "group" => {
            let options = Options::read(words, &Options { events: 300_000, seed: 1, kills: 10 })?;
            group::run(&options).await
        }
        "mixed" => {
            let options = Options::read(words, &Options { events: 20_000, seed: 1, kills: 60 })?;
            mixed::run(&options).await
        }
        "bucket" => {
            let options = Options::read(words, &Options { events: 20_000, seed: 1, kills: 10 })?;
            bucket::run(&options).await
        }
        "differ" => differ(words).await,
        // A process of its own that the others start.
        "worker" => worker::run(words).await,
        _ => bail!(
            "ordeal <kill|cluster|group|mixed|bucket> [--events N] [--seed N] [--kills N], or ordeal differ [--sessions N] [--seed N]; {what:?} is none"
        ),
    }
}

/// Random sessions in memory and over a server, compared step by step.
async fn differ(mut words: impl Iterator<Item = String>) -> Result<()> {
    let (mut sessions, mut seed) = (5000, 1);
    while let Some(word) = words.next() {
        let number = words.next().with_context(|| format!("{word} needs a number"))?;
        match word.as_str() {
            "--sessions" => sessions = number.parse()?,
            "--seed" => seed = number.parse()?,
            _ => bail!("{word:?} is none of --sessions and --seed"),
        }
    }
    println!("{}", tidings_tests::differ::run(seed..seed + sessions).await?);
    Ok(())
}
