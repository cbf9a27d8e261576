//! Output of a command, for people or for programs.

use std::io::{self, BufWriter, Stdout, Write};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use serde::Serialize;

use crate::finding::{Finding, Level, github, junit};
use crate::terminal;

/// Form in which results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Output for people.
    Text,
    /// Output for programs: one JSON value for each line.
    Json,
    /// Output for a GitHub workflow: what is found as annotations.
    Github,
    /// Output for those who show test results: what is found as `JUnit`'s XML.
    Junit,
}

impl Format {
    /// The word for it on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Github => "github",
            Self::Junit => "junit",
        }
    }
}

/// The standard output.
#[derive(Debug)]
pub(crate) struct Output {
    /// The command whose output it is, as it is written in a shell.
    command: String,
    format: Format,
    has_colours: bool,
    writer: BufWriter<AutoStream<Stdout>>,
    /// Findings, where they are written as a whole.
    findings: Vec<Finding>,
}

impl Output {
    /// Colours are on where the standard output is a terminal that has some; `NO_COLOR`, `CLICOLOR` and
    /// `CLICOLOR_FORCE` are obeyed.
    pub(crate) fn new(command: String, format: Format) -> Self {
        let stdout = io::stdout();
        let has_colours = AutoStream::choice(&stdout) != ColorChoice::Never;
        // Where there are none, nothing is looked for that would have to be taken out.
        let choice = if has_colours { ColorChoice::Always } else { ColorChoice::AlwaysAnsi };
        let writer = BufWriter::new(AutoStream::new(stdout, choice));
        Self { command, format, has_colours, writer, findings: Vec::new() }
    }

    /// The form that was asked for.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Returns `true` if what is as it should be is not told one by one.
    pub(crate) fn is_brief(&self) -> bool {
        matches!(self.format, Format::Text | Format::Github)
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
    ///
    /// `Format::Github` has it as a line, `Format::Junit` leaves it out.
    pub(crate) fn write<T: Serialize>(
        &mut self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        self.write_as(None, text, json)
    }

    /// Writes one result, its first word in the colour of a level.
    pub(crate) fn write_as<T: Serialize>(
        &mut self,
        level: Option<Level>,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        let shown = match self.format {
            Format::Junit => return Ok(()),
            Format::Json => terminal::json(&serde_json::to_string(&json())?),
            Format::Text | Format::Github => terminal::lines(&text()),
        };
        let is_painted = self.has_colours && self.format == Format::Text;
        match level.filter(|_| is_painted) {
            Some(level) => self.write_plain(&terminal::painted(&shown, level)),
            None => self.write_plain(&shown),
        }
    }

    /// Writes what was found, in the form that was asked for.
    pub(crate) fn find<T: Serialize>(
        &mut self,
        finding: Finding,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        match self.format {
            Format::Text | Format::Json => self.write_as(Some(finding.level), text, json),
            Format::Github => match github::annotation(&finding) {
                Some(annotation) => self.write_plain(&annotation),
                None => Ok(()),
            },
            Format::Junit => {
                self.findings.push(finding);
                Ok(())
            }
        }
    }

    /// Writes what all findings come to; where they are test results, it is one that passes.
    pub(crate) fn conclude<T: Serialize>(
        &mut self,
        about: &str,
        text: String,
        json: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        if self.format == Format::Junit {
            self.findings.push(Finding::new(Level::Pass, about, text, ""));
            return Ok(());
        }
        self.write(|| text, json)
    }

    /// Lets whoever reads it have all that was written.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.writer.flush()?)
    }

    /// Writes what is written as a whole, and with it the error by which the command ended.
    pub(crate) fn finish(&mut self, error: Option<&anyhow::Error>) -> anyhow::Result<()> {
        if let Some(error) = error
            && matches!(self.format, Format::Github | Format::Junit)
        {
            let text = crate::exit::chain(error);
            let finding = Finding::new(Level::Error, &self.command, "error", text);
            self.find(finding, String::new, || ())?;
        }
        if self.format == Format::Junit {
            let xml = junit::suite(&self.command, &self.findings);
            self.write_plain(&xml)?;
        }
        self.flush()
    }
}
