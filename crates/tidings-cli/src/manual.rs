//! Formats and exit codes of each command: data, which each `--help`, the man pages and the refusal of
//! a format are made of.

use std::fmt::Write as _;

use clap::{ArgMatches, Command};

use crate::output::Format;

/// A command, as its manual tells of it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name as it is written in a shell, behind `tidings`.
    path: &'static str,
    formats: &'static [Format],
    /// Meanings of `0` and `1`, and of `3` where there is one.
    exits: &'static [(u8, &'static str)],
}

/// A command does not write the format that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("`tidings {command}` does not write `--format {}`: it writes {ways}", format.name())]
pub(crate) struct FormatError {
    command: String,
    format: Format,
    ways: String,
}

const TEXT: &[Format] = &[Format::Text];
const RESULTS: &[Format] = &[Format::Text, Format::Json];
const FINDINGS: &[Format] = &[Format::Text, Format::Json, Format::Github, Format::Junit];

const USAGE: &str = "wrong usage: nothing was done";

const ENTRIES: &[Entry] = &[
    Entry {
        path: "asyncapi",
        formats: RESULTS,
        exits: &[
            (0, "the document is written"),
            (1, "the folder can't be read, or the file not be written"),
        ],
    },
    Entry {
        path: "catalog",
        formats: RESULTS,
        exits: &[
            (0, "the page is written"),
            (1, "the folder can't be read, or the file not be written"),
        ],
    },
    Entry {
        path: "completions",
        formats: TEXT,
        exits: &[(0, "they are written"), (1, "they can't be written")],
    },
    Entry {
        path: "dlq list",
        formats: RESULTS,
        exits: &[(0, "all are listed"), (1, "they can't be read")],
    },
    Entry {
        path: "dlq show",
        formats: RESULTS,
        exits: &[(0, "it is shown"), (1, "it is not there, or can't be read")],
    },
    Entry {
        path: "dlq redrive",
        formats: RESULTS,
        exits: &[
            (0, "all that were chosen are put back"),
            (1, "one could not be put back, nobody said yes, or it failed"),
        ],
    },
    Entry {
        path: "dlq purge",
        formats: RESULTS,
        exits: &[(0, "all that were chosen are removed"), (1, "nobody said yes, or it failed")],
    },
    Entry {
        path: "doctor",
        formats: FINDINGS,
        exits: &[(0, "nothing fails"), (1, "something fails, or the contracts can't be read")],
    },
    Entry {
        path: "kv get",
        formats: RESULTS,
        exits: &[(0, "it is shown"), (1, "the key has no value, or can't be read")],
    },
    Entry {
        path: "kv history",
        formats: RESULTS,
        exits: &[(0, "it is shown"), (1, "nothing is kept of the key, or it can't be read")],
    },
    Entry {
        path: "kv ls",
        formats: RESULTS,
        exits: &[(0, "all are listed"), (1, "they can't be read")],
    },
    Entry {
        path: "kv put",
        formats: RESULTS,
        exits: &[
            (0, "it is stored"),
            (1, "it is not known to be stored: another value is there, or it failed"),
        ],
    },
    Entry {
        path: "kv rm",
        formats: RESULTS,
        exits: &[(0, "all are removed"), (1, "one is not known to be removed")],
    },
    Entry {
        path: "kv watch",
        formats: RESULTS,
        exits: &[
            (0, "as many are shown as were asked for, or it was ended"),
            (1, "they can't be read"),
        ],
    },
    Entry {
        path: "man",
        formats: RESULTS,
        exits: &[(0, "they are written"), (1, "they can't be written")],
    },
    Entry {
        path: "object get",
        formats: RESULTS,
        exits: &[
            (0, "all that was asked for is written"),
            (1, "there is no such object, or not all of it can be read or written"),
        ],
    },
    Entry {
        path: "object info",
        formats: RESULTS,
        exits: &[(0, "it is shown"), (1, "there is no such object, or it can't be read")],
    },
    Entry {
        path: "object ls",
        formats: RESULTS,
        exits: &[(0, "all are listed"), (1, "they can't be read")],
    },
    Entry {
        path: "object put",
        formats: RESULTS,
        exits: &[
            (0, "it is stored"),
            (1, "it is not known to be stored: another one is there, or it failed"),
        ],
    },
    Entry {
        path: "object rm",
        formats: RESULTS,
        exits: &[(0, "all are deleted"), (1, "one was not there, or is not known to be deleted")],
    },
    Entry {
        path: "object sweep",
        formats: RESULTS,
        exits: &[(0, "they are removed"), (1, "one may be left, or the store can't be read")],
    },
    Entry {
        path: "object watch",
        formats: RESULTS,
        exits: &[
            (0, "as many are shown as were asked for, or it was ended"),
            (1, "they can't be read"),
        ],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox status",
        formats: RESULTS,
        exits: &[(0, "it is told"), (1, "the database can't be asked, or has no outbox")],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox parked",
        formats: RESULTS,
        exits: &[(0, "all are listed"), (1, "the database can't be asked, or has no outbox")],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox retry",
        formats: RESULTS,
        exits: &[
            (0, "those that were chosen are published by the next relay"),
            (1, "the database can't be asked, or has no outbox"),
        ],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox purge",
        formats: RESULTS,
        exits: &[
            (0, "those that were chosen are removed"),
            (1, "nobody said yes, the database can't be asked, or has no outbox"),
        ],
    },
    #[cfg(feature = "sql")]
    Entry {
        path: "outbox relay",
        formats: RESULTS,
        exits: &[
            (0, "it was ended, and what was begun is finished"),
            (1, "there is no connection, or the database has no outbox"),
        ],
    },
    Entry {
        path: "publish",
        formats: RESULTS,
        exits: &[
            (0, "it is published; where a stream keeps it, stored"),
            (1, "it is not known to be published"),
            (2, "wrong usage, or the contract refuses the payload or a token: nothing was sent"),
        ],
    },
    Entry {
        path: "request",
        formats: RESULTS,
        exits: &[
            (0, "it is answered by a reply"),
            (1, "it is answered by an error, or not at all"),
            (2, "wrong usage, or the contract refuses the payload or a token: nothing was sent"),
            (3, "the answer breaks its contract"),
        ],
    },
    Entry {
        path: "schema accept",
        formats: RESULTS,
        exits: &[
            (0, "they are kept, or nothing breaks"),
            (1, "the contracts can't be read, or the lock file not be written"),
        ],
    },
    Entry {
        path: "schema changelog",
        formats: RESULTS,
        exits: &[(0, "it is written, whatever is in it"), (1, "the contracts can't be read")],
    },
    Entry {
        path: "schema check",
        formats: FINDINGS,
        exits: &[
            (0, "nothing breaks but what was accepted"),
            (1, "the contracts can't be read"),
            (3, "something breaks, or can't be decided, and nobody accepted it"),
        ],
    },
    Entry {
        path: "schema diff",
        formats: FINDINGS,
        exits: &[
            (0, "the edits are told"),
            (1, "the contracts can't be read"),
            (3, "something differs, where `--exit-code` asks"),
        ],
    },
    Entry {
        path: "schema validate",
        formats: FINDINGS,
        exits: &[
            (0, "each document is valid"),
            (1, "the contracts or the documents can't be read"),
            (3, "a document is not valid"),
        ],
    },
    Entry {
        path: "stream apply",
        formats: FINDINGS,
        exits: &[(0, "all are as declared"), (1, "one is refused, or it failed")],
    },
    Entry {
        path: "stream plan",
        formats: FINDINGS,
        exits: &[
            (0, "all are as declared"),
            (1, "they can't be read"),
            (3, "something is to be done"),
        ],
    },
    Entry {
        path: "tail",
        formats: RESULTS,
        exits: &[
            (0, "as many are shown as were asked for, or it was ended"),
            (1, "they can't be read"),
        ],
    },
    Entry {
        path: "trace",
        formats: RESULTS,
        exits: &[
            (0, "it reaches a stream or a subscription, and nothing keeps it from others"),
            (1, "no server told of it, or it failed"),
            (3, "it reaches nobody, or something keeps it from somebody"),
        ],
    },
];

/// The program with its manual in every help.
pub(crate) fn tell(program: Command) -> Command {
    described(program, "")
}

fn described(command: Command, path: &str) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let command = names.iter().fold(command, |command, name| {
        let path = format!("{path} {name}");
        command.mut_subcommand(name, |under| described(under, path.trim()))
    });
    let Some(entry) = ENTRIES.iter().find(|entry| entry.path == path) else { return command };
    let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    command.after_help(entry.text(&example))
}

/// The command that was called.
pub(crate) fn called(matches: &ArgMatches) -> String {
    let (mut path, mut matches) = (Vec::new(), matches);
    while let Some((name, under)) = matches.subcommand() {
        path.push(name);
        matches = under;
    }
    path.join(" ")
}

/// Refuses a format that a command does not write.
pub(crate) fn check(command: &str, format: Format) -> Result<(), FormatError> {
    let formats =
        ENTRIES.iter().find(|entry| entry.path == command).map_or(RESULTS, |one| one.formats);
    if formats.contains(&format) {
        return Ok(());
    }
    Err(refused(command, format, formats))
}

/// The refusal of a format by a command that was called in a way in which it writes fewer.
pub(crate) fn refused(command: &str, format: Format, formats: &[Format]) -> FormatError {
    let ways: Vec<_> = formats.iter().map(|format| format!("`{}`", format.name())).collect();
    FormatError { command: command.to_owned(), format, ways: ways.join(", ") }
}

impl Entry {
    fn text(&self, example: &str) -> String {
        let formats: Vec<_> = self.formats.iter().map(|format| format.name()).collect();
        let mut text = format!("Formats: {}\n\nExit codes:", formats.join(", "));
        let mut exits = self.exits.to_vec();
        if exits.iter().all(|(code, _)| *code != 2) {
            exits.push((2, USAGE));
            exits.sort_unstable();
        }
        for (code, meaning) in exits {
            // Writing to a text can't fail.
            let _ = write!(text, "\n  {code}  {meaning}");
        }
        let _ = write!(text, "\n\n{example}");
        text
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::{ENTRIES, check, tell};
    use crate::Cli;
    use crate::output::Format;

    /// Each command with its path; those that only hold others are told apart.
    fn walk(command: &mut Command, path: &str, seen: &mut Vec<(String, bool, String)>) {
        let help = command.render_long_help().to_string();
        let holds_others = command.has_subcommands();
        seen.push((path.to_owned(), holds_others, help));
        for command in command.get_subcommands_mut().filter(|one| one.get_name() != "help") {
            let path = format!("{path} {}", command.get_name());
            walk(command, path.trim(), seen);
        }
    }

    #[test]
    fn the_help_of_each_command_has_an_example_its_formats_and_its_exit_codes() {
        Cli::command().debug_assert();
        let (mut command, mut seen) = (tell(Cli::command()), Vec::new());
        walk(&mut command, "", &mut seen);
        let mut told: Vec<&str> = ENTRIES.iter().map(|entry| entry.path).collect();
        for (path, holds_others, help) in &seen {
            assert!(help.contains("Example"), "{path} --help shows no example");
            assert!(help.contains(&format!("tidings {path}")), "{path}'s example is another's");
            if *holds_others {
                continue;
            }
            let place = told.iter().position(|told| told == path);
            let place = place.unwrap_or_else(|| panic!("{path} is not in the manual"));
            let entry = ENTRIES.iter().find(|entry| entry.path == told[place]).unwrap();
            for code in [0, 1, 2].iter().chain(entry.exits.iter().map(|(code, _)| code)) {
                assert!(help.contains(&format!("\n  {code}  ")), "{path}: {code}: {help}");
            }
            let formats = help.lines().find_map(|line| line.strip_prefix("Formats: "));
            let formats: Vec<_> = formats.unwrap().split(", ").collect();
            for format in [Format::Text, Format::Json, Format::Github, Format::Junit] {
                let is_told = formats.contains(&format.name());
                assert_eq!(check(path, format).is_ok(), is_told, "{path}: {format:?}");
            }
            told.remove(place);
        }
        assert!(told.is_empty(), "in the manual alone: {told:?}");
    }

    #[test]
    fn a_refusal_names_what_is_written_instead() {
        let error = check("dlq list", Format::Junit).unwrap_err().to_string();
        let expected =
            "`tidings dlq list` does not write `--format junit`: it writes `text`, `json`";
        assert_eq!(error, expected);
    }
}
