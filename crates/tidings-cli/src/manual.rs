//! Formats and exit codes of each command: data, which each `--help`, the man pages and the refusal of
//! a format are made of.

mod entries;

use std::fmt::Write as _;

use clap::{ArgMatches, Command};

use self::entries::{ENTRIES, RESULTS};
use crate::output::Format;

/// A command, as its manual tells of it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Name of the command as it is written in a shell, behind `tidings`.
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

const USAGE: &str = "wrong usage: nothing was done";

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

    /// Walks over each command with its path; those that only hold others are told apart.
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
