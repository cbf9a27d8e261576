//! `tidings completions`.

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::Exit;
use crate::output::Output;

/// Writes what a shell completes, for its own place for such files.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    tidings completions bash > ~/.local/share/bash-completion/completions/tidings\n  \
    tidings completions zsh > ~/.zfunc/_tidings\n  \
    tidings completions fish > ~/.config/fish/completions/tidings.fish")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, mut command: Command, output: &mut Output) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "tidings", &mut script);
        let script = String::from_utf8(script).context("the script is no text")?;
        output.write_plain(script.trim_end())?;
        Ok(Exit::Done)
    }
}
