//! Exit codes.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::terminal;

/// How a command ended.
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
    let mut text = error.to_string();
    for source in error.chain().skip(1).map(ToString::to_string) {
        // Some errors say what their source says.
        if !text.contains(&source) {
            text = format!("{text}: {source}");
        }
    }
    // There is nobody left to tell.
    let _ = writeln!(io::stderr(), "error: {}", terminal::lines(&text));
    if error.is::<Usage>() { Exit::Usage } else { Exit::Failed }
}

fn closed(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
