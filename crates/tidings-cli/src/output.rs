//! What a command has to say: for people, or for programs.

use std::io::{self, BufWriter, Stdout, Write};

use clap::ValueEnum;
use serde_json::Value;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON value for each line.
    Json,
}

/// The standard output.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    writer: BufWriter<Stdout>,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, writer: BufWriter::new(io::stdout()) }
    }

    /// Writes one result in the form that was asked for.
    pub(crate) fn write(
        &mut self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> Value,
    ) -> anyhow::Result<()> {
        match self.format {
            Format::Text => writeln!(self.writer, "{}", text())?,
            Format::Json => writeln!(self.writer, "{}", json())?,
        }
        Ok(())
    }

    /// Lets whoever reads it have everything.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        Ok(self.writer.flush()?)
    }
}

/// A text of somebody else, without what a terminal would act on.
pub(crate) fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            tamed.extend(char.escape_default());
        } else {
            tamed.push(char);
        }
    }
    tamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_written_out() {
        assert_eq!(tame("größe 100%"), "größe 100%");
        assert_eq!(tame("a\u{1b}[31mred\n"), "a\\u{1b}[31mred\\n");
    }
}
