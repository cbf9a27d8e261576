//! The program `tidings`: messages, values, objects, dead letters, contracts and streams, from a shell.
//!
//! Each command is a file of its own, with its arguments and what it does. What they share:
//! [`connect`] to a server, the [`contract`] of a message, a [`draft`] of one to send, [`output`] for people or for programs, a [`finding`] of those that
//! judge, the [`manual`] of what each writes and how it ends, [`confirm`] before what can't be undone, [`progress`] on a terminal, a [`whole_file`] that is written or not at all, the end by an [`interrupt`], [`exit`] what the shell is told, and [`terminal`], through which
//! every text of others is shown.

mod asyncapi;
mod catalog;
mod completions;
mod confirm;
mod connect;
mod contract;
mod dlq;
mod doctor;
mod draft;
mod exit;
mod finding;
mod interrupt;
mod kv;
mod man;
mod manual;
mod moment;
mod object;
#[cfg(feature = "sql")]
mod outbox;
mod output;
mod pair;
mod progress;
mod publish;
mod request;
mod schema;
mod stream;
mod tail;
mod terminal;
mod trace;
mod validator;
mod watch;
mod whole_file;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use connect::Connection;
use exit::Exit;
use output::{Format, Output};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed, or something fails that was looked at
  2  wrong usage: nothing was done
  3  something is not as it should be: `schema check`, `schema validate`, `stream plan`, `request`,
     `trace` and, where it is asked for, `schema diff`

The help of each command says what they mean there, and which formats it writes.

Example:
  tidings tail 'orders.>' --server nats://127.0.0.1:4222";

/// Looks after a Tidings bus: messages, values, objects, dead letters, contracts and streams.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, propagate_version = true, after_help = EXIT_CODES)]
struct Cli {
    /// Form in which results are written. The help of each command says which of them it writes.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the contracts of a schemas folder as an `AsyncAPI` 3 document. No server is asked.
    #[command(name = "asyncapi")]
    AsyncApi(asyncapi::AsyncApi),
    /// Writes the contracts of a schemas folder as one HTML page for people. No server is asked.
    Catalog(catalog::CatalogPage),
    /// Writes what a shell completes, for its own place for such files.
    Completions(completions::Completions),
    /// Dead letters: what could not be handled.
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    /// Looks at a server as the contracts need it, and changes nothing.
    Doctor(doctor::Doctor),
    /// Values of buckets, by key.
    #[command(subcommand)]
    Kv(kv::Kv),
    /// Writes the man pages: one for the program and one for each command.
    Man(man::Man),
    /// Large things by name, in object stores.
    #[command(subcommand)]
    Object(object::Object),
    /// Outboxes of `tidings-sql`: events that wait in a database to be published.
    #[cfg(feature = "sql")]
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Publishes one event, checked by what its contract says that a writer writes.
    Publish(publish::Publish),
    /// Sends one request, and prints its reply or the error that it declares.
    Request(request::Request),
    /// Contracts of messages, as a schemas folder holds them. No server is asked.
    #[command(subcommand)]
    Schema(schema::Schema),
    /// Streams as the `*.stream.json` files of a schemas folder declare them.
    #[command(subcommand)]
    Stream(stream::Stream),
    /// Shows messages as they come, each with what its contract says of it.
    Tail(tail::Tail),
    /// Shows the way of a message through servers, as they tell it.
    Trace(trace::Trace),
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::tell(&error.into()).into(),
    };
    let code = runtime.block_on(tidings());
    // Who reads from a terminal can't be called back.
    runtime.shutdown_background();
    code
}

async fn tidings() -> ExitCode {
    let matches = match manual::tell(Cli::command()).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return exit::misused(&error).into(),
    };
    let (cli, command) = match Cli::from_arg_matches(&matches) {
        Ok(cli) => (cli, manual::called(&matches)),
        Err(error) => return exit::misused(&error).into(),
    };
    if let Err(error) = manual::check(&command, cli.format) {
        return exit::tell(&error.into()).into();
    }
    let mut output = Output::new(format!("tidings {command}"), cli.format);
    let done = run(cli, &mut output).await;
    // What there is to tell is told, however it ended.
    let finished = output.finish(done.as_ref().err());
    let done = done.and_then(|exit| finished.map(|()| exit));
    done.unwrap_or_else(|error| exit::tell(&error)).into()
}

async fn run(cli: Cli, output: &mut Output) -> anyhow::Result<Exit> {
    let connection = &cli.connection;
    match cli.command {
        Command::AsyncApi(asyncapi) => asyncapi.run(output),
        Command::Catalog(catalog) => catalog.run(output),
        Command::Completions(completions) => completions.run(Cli::command(), output),
        Command::Dlq(dlq) => dlq.run(connection, output).await,
        Command::Doctor(doctor) => doctor.run(connection, output).await,
        Command::Kv(kv) => kv.run(connection, output).await,
        Command::Man(man) => man.run(manual::tell(Cli::command()), output),
        Command::Object(object) => object.run(connection, output).await,
        #[cfg(feature = "sql")]
        Command::Outbox(outbox) => outbox.run(connection, output).await,
        Command::Publish(publish) => publish.run(connection, output).await,
        Command::Request(request) => request.run(connection, output).await,
        Command::Schema(schema) => schema.run(output),
        Command::Stream(stream) => stream.run(connection, output).await,
        Command::Tail(tail) => tail.run(connection, output).await,
        Command::Trace(trace) => trace.run(connection, output).await,
    }
}
