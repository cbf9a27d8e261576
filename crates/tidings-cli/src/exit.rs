//! Exit codes.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

use crate::manual::FormatError;
use crate::terminal;

/// Outcome of a command, which its exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    Usage,
    /// A difference between what is there and what is declared.
    Differs,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Differs => 3,
        })
    }
}

/// The command was called in a way in which it can't be.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Writes an error with its sources to the standard error.
pub(crate) fn tell(error: &anyhow::Error) -> Exit {
    if closed(error) {
        // Who read the output has had enough.
        return Exit::Done;
    }
    let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    // There is nobody left to tell.
    let _ = writeln!(
        anstream::stderr(),
        "{style}error:{style:#} {}",
        terminal::paragraph(&chain(error))
    );
    let is_usage = error.is::<Usage>() || error.is::<FormatError>();
    if is_usage { Exit::Usage } else { Exit::Failed }
}

/// An error with its sources, in a line or more.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for source in error.chain().skip(1).map(ToString::to_string) {
        // Some errors say what their source says.
        if !text.contains(&source) {
            text = format!("{text}: {source}");
        }
    }
    text
}

/// Shows the help that was asked for, or why the arguments can't be read.
pub(crate) fn misused(error: &clap::Error) -> Exit {
    let is_harmless = |argument: OsString| {
        let argument = argument.to_string_lossy();
        terminal::lines(&argument) == *argument
    };
    // There is nobody left to tell.
    let _ = if std::env::args_os().all(is_harmless) {
        error.print()
    } else {
        // It quotes what it was given.
        writeln!(io::stderr(), "{}", terminal::paragraph(&error.render().to_string()))
    };
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

fn closed(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
