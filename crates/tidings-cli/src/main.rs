//! The program `tidings`: dead letters, contracts and streams, from a shell.
//!
//! Each command is a file of its own, with its arguments and what it does. What they share:
//! [`connect`] to a server, [`output`] for people or for programs, [`confirm`] before what can't be
//! undone, [`progress`] on a terminal, [`exit`] what the shell is told, and [`terminal`], through which
//! every text of others is shown.

mod asyncapi;
mod confirm;
mod connect;
mod dlq;
mod exit;
mod moment;
mod output;
mod progress;
mod schema;
mod stream;
mod terminal;
mod validator;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use connect::Connection;
use exit::Usage;
use output::{Format, Output};

/// Looks after a Tidings bus: dead letters, contracts of messages and streams.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 `stream plan` found differences, `schema check` found
/// what breaks or can't be decided and nobody accepted, or `schema validate` found what is not valid.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, propagate_version = true)]
struct Cli {
    /// How results are written: for people, or as JSON.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the contracts of a schemas folder as an `AsyncAPI` 3.1 document. No server is asked.
    #[command(name = "asyncapi")]
    AsyncApi(asyncapi::AsyncApi),
    /// Dead letters: what could not be handled.
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    /// Contracts of messages, as a schemas folder holds them. No server is asked.
    #[command(subcommand)]
    Schema(schema::Schema),
    /// Streams as the `*.stream.json` files of a schemas folder declare them.
    #[command(subcommand)]
    Stream(stream::Stream),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut output = Output::new(cli.format);
    if cli.format == Format::Junit && !matches!(cli.command, Command::Schema(_)) {
        let why = "only `schema check` writes `--format junit`: ask for `text` or `json`";
        return exit::tell(&Usage(why.to_owned()).into()).into();
    }
    let done = match cli.command {
        Command::AsyncApi(asyncapi) => asyncapi.run(&mut output),
        Command::Dlq(dlq) => dlq.run(&cli.connection, &mut output).await,
        Command::Schema(schema) => schema.run(&mut output),
        Command::Stream(stream) => stream.run(&cli.connection, &mut output).await,
    };
    let done = done.and_then(|exit| output.finish().map(|()| exit));
    done.unwrap_or_else(|error| exit::tell(&error)).into()
}
