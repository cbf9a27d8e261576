//! The program `tidings`: messages, dead letters, contracts and streams, from a shell.
//!
//! Each command is a file of its own, with its arguments and what it does. What they share:
//! [`connect`] to a server, the [`contract`] of a message, a [`draft`] of one to send, [`output`] for people or for programs, [`confirm`] before what can't be
//! undone, [`progress`] on a terminal, [`exit`] what the shell is told, and [`terminal`], through which
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
mod man;
mod moment;
mod output;
mod progress;
mod publish;
mod request;
mod schema;
mod stream;
mod tail;
mod terminal;
mod validator;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use connect::Connection;
use exit::Usage;
use output::{Format, Output};

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 `stream plan` found differences, `schema check` found
what breaks or can't be decided and nobody accepted, `schema validate` found what is not valid, or
`request` got an answer that breaks its contract. `request` exits with 1 too where the answer is an error,
`doctor` where something fails; `publish` and `request` with 2 where they refuse a payload or a token, and
nothing was sent.

Example:
  tidings tail 'orders.>' --server nats://127.0.0.1:4222";

/// Looks after a Tidings bus: messages, dead letters, contracts and streams.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, propagate_version = true, after_help = EXIT_CODES)]
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
    /// Writes the contracts of a schemas folder as one HTML page for people. No server is asked.
    Catalog(catalog::CatalogPage),
    /// Writes what a shell completes, for its own place for such files.
    Completions(completions::Completions),
    /// Dead letters: what could not be handled.
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    /// Looks at a server as the contracts need it, and changes nothing.
    Doctor(doctor::Doctor),
    /// Writes the man pages: one for the program and one for each command.
    Man(man::Man),
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
        Command::Catalog(catalog) => catalog.run(&mut output),
        Command::Completions(completions) => completions.run(Cli::command(), &mut output),
        Command::Dlq(dlq) => dlq.run(&cli.connection, &mut output).await,
        Command::Doctor(doctor) => doctor.run(&cli.connection, &mut output).await,
        Command::Man(man) => man.run(Cli::command(), &mut output),
        Command::Publish(publish) => publish.run(&cli.connection, &mut output).await,
        Command::Request(request) => request.run(&cli.connection, &mut output).await,
        Command::Schema(schema) => schema.run(&mut output),
        Command::Stream(stream) => stream.run(&cli.connection, &mut output).await,
        Command::Tail(tail) => tail.run(&cli.connection, &mut output).await,
    };
    let done = done.and_then(|exit| output.finish().map(|()| exit));
    done.unwrap_or_else(|error| exit::tell(&error)).into()
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::Cli;

    #[test]
    fn the_help_of_each_command_shows_an_example() {
        fn walk(command: &mut Command, path: &str, seen: &mut Vec<String>) {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example"), "{path} --help shows no example");
            seen.push(path.to_owned());
            for command in command.get_subcommands_mut().filter(|one| one.get_name() != "help") {
                let path = format!("{path} {}", command.get_name());
                walk(command, &path, seen);
            }
        }
        Cli::command().debug_assert();
        let (mut command, mut seen) = (Cli::command(), Vec::new());
        walk(&mut command, "tidings", &mut seen);
        for path in ["tidings dlq redrive", "tidings stream plan", "tidings tail"] {
            assert!(seen.iter().any(|one| one == path), "{seen:?}");
        }
    }

    #[test]
    fn the_help_tells_the_exit_codes() {
        let help = Cli::command().render_long_help().to_string();
        for code in ["0 done", "1 failed", "2 wrong usage", "3 `stream plan`"] {
            assert!(help.contains(code), "{code}: {help}");
        }
    }
}
