//! Test of outbox and inbox while the service, the relay, the consumers, the database and the nats-server are killed.
//!
//! `sql-ordeal postgres` and `sql-ordeal sqlite`, each with `--orders N`, `--kills N` (of each of them) and `--seed N`. An order
//! is a row and an event, which is handled by writing an effect and another event. What was lost, or done twice, ends it with an
//! error; else it prints the counts. The suite runs short forms.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

mod event;
mod option;
mod part;
mod process;
mod run;
mod store;
mod verify;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use sqlx::{Postgres, Sqlite};

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
        "postgres" => run::run::<Postgres>(&Options::read(words)?).await,
        "sqlite" => run::run::<Sqlite>(&Options::read(words)?).await,
        // A process of its own that the others start.
        "part" => {
            let mut word = |what| words.next().with_context(|| format!("the {what} is missing"));
            let (role, database, server) = (word("role")?, word("database")?, word("server")?);
            let orders = word("number of orders")?.parse()?;
            if database.starts_with("postgres:") {
                part::run::<Postgres>(&role, &database, &server, orders).await
            } else {
                part::run::<Sqlite>(&role, &database, &server, orders).await
            }
        }
        _ => bail!(
            "sql-ordeal <postgres|sqlite> [--orders N] [--kills N] [--seed N]; {what:?} is none"
        ),
    }
}
