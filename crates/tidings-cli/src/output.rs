//! Output of a command, for people or for programs.

use std::io::{self, BufWriter, Stdout, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::terminal;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON value for each line.
    Json,
    /// For a GitHub workflow: what `schema check` finds as annotations, all else as text.
    Github,
    /// For those who show test results: what `schema check` finds, as `JUnit`'s XML.
    Junit,
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

    /// The form that was asked for.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Returns `true` if it is for people, who need not read what is as it should be.
    pub(crate) fn is_text(&self) -> bool {
        self.format != Format::Json
    }

    /// Writes a text as it is: nothing of others' is in it that a terminal would act on.
    pub(crate) fn write_plain(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(writeln!(self.writer, "{text}")?)
    }

    /// Writes a JSON document of several lines.
    pub(crate) fn write_document(&mut self, json: &str) -> anyhow::Result<()> {
        for line in json.lines() {
            writeln!(self.writer, "{}", terminal::json(line))?;
        }
        Ok(())
    }

    /// Writes for programs from now on.
    pub(crate) fn as_json(&mut self) {
        self.format = Format::Json;
    }

    /// Writes one result in the form that was asked for. A field in which a line end would be taken
    /// for the next line is a [`terminal::line`] already.
    pub(crate) fn write<T: Serialize>(
        &mut self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        let shown = match self.format {
            Format::Text | Format::Github | Format::Junit => terminal::lines(&text()),
            Format::Json => terminal::json(&serde_json::to_string(&json())?),
        };
        Ok(writeln!(self.writer, "{shown}")?)
    }

    /// Lets whoever reads it have everything.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        Ok(self.writer.flush()?)
    }
}
