//! `tidings outbox`: events that wait in a database to be published.

mod choice;
mod database;
mod parked;
mod purge;
mod relay;
mod retry;
mod status;

use clap::Subcommand;

use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Outboxes of `tidings-sql`: events that wait in a database to be published.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  tidings outbox status --database postgres://shop@db.example.com/shop"
)]
pub(crate) enum Outbox {
    /// Tells how many events wait, for how long, and how many can't be published. No server is asked.
    Status(status::Status),
    /// Lists events that can't be published, and those that wait behind them, each with the reason. No server is asked.
    Parked(parked::Parked),
    /// Lets events be published again that could not be. No server is asked.
    Retry(retry::RetryParked),
    /// Removes events for good that can't be published, or that were. No server is asked.
    Purge(purge::Purge),
    /// Publishes what is committed, until it is ended with Ctrl-C or SIGTERM.
    Relay(relay::Relay),
}

impl Outbox {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        // Boxed: what a database takes is nothing that the other commands should carry.
        match self {
            Self::Status(status) => Box::pin(status.run(output)).await,
            Self::Parked(parked) => Box::pin(parked.run(output)).await,
            Self::Retry(retry) => Box::pin(retry.run(output)).await,
            Self::Purge(purge) => Box::pin(purge.run(output)).await,
            Self::Relay(relay) => Box::pin(relay.run(connection, output)).await,
        }
    }
}
