//! `tidings man`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command};

use crate::exit::Exit;
use crate::output::Output;

/// Writes the man pages: one for the program and one for each command.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The folder to write into; it is made where it is missing.
    out: PathBuf,
}

impl Man {
    pub(crate) fn run(self, command: Command, output: &mut Output) -> anyhow::Result<Exit> {
        let folder = self.out.display();
        std::fs::create_dir_all(&self.out).with_context(|| format!("can't make {folder}"))?;
        clap_mangen::generate_to(command, &self.out)
            .with_context(|| format!("can't write into {folder}"))?;
        let text =
            || format!("man pages written into {}", crate::terminal::line(&folder.to_string()));
        output.write(text, || serde_json::json!({"folder": folder.to_string()}))?;
        Ok(Exit::Done)
    }
}
