//! `tidings schema validate`.

mod document;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::contract::Schemas;
use crate::exit::{Exit, Usage};
use crate::finding::{Finding, Level};
use crate::output::Output;
use crate::validator::Problem;
use crate::{terminal, validator};
use document::Documents;

/// Says of each JSON document whether a message's schema takes it, and if not, where it does not.
///
/// Documents stand one behind the other: on a line each, or over several lines. The schema is what a
/// reader takes, with formats and the ranges of integer types. Serde refuses a little more, such as
/// `3.0` for an integer.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings schema validate orders.created --file order.json\n  \
    nats stream view ORDERS --raw | tidings schema validate orders.created.v1 --format json")]
pub(crate) struct Validate {
    /// The message: its name, for the highest version, or `<name>.v<N>`.
    #[arg(value_name = "NAME[.vN]")]
    message: String,
    #[command(flatten)]
    schemas: Schemas,
    /// The file with the documents; `-` is the standard input.
    #[arg(long, default_value = "-", value_name = "FILE")]
    file: PathBuf,
    /// The part of the message that the documents are.
    #[arg(long, value_enum, default_value_t = Part::Payload)]
    part: Part,
    /// Judge by what a writer writes, which is stricter than what a reader takes.
    #[arg(long)]
    writer: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Payload,
    /// Payload that a request is answered with.
    Reply,
    /// The error that a request declares.
    Error,
}

impl Validate {
    pub(super) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let catalog = self.schemas.read()?;
        let message = self.schemas.find(&catalog, &self.message)?;
        let (part, contract) = match self.part {
            Part::Payload => ("payload", &message.payload),
            Part::Reply => ("reply", &message.reply),
            Part::Error => ("error", &message.error),
        };
        let Some(contract) = contract else {
            return Err(Usage(format!("{} has no {part}", message.tag())).into());
        };
        let schema = if self.writer { contract.written() } else { contract.read() };
        let validator = validator::build(schema)
            .with_context(|| format!("the schema of {}'s {part} can't be used", message.tag()))?;
        let (mut all, mut valid) = (0_u64, 0_u64);
        for document in Documents::new(self.open()?) {
            all += 1;
            let problems = match document? {
                Ok(document) => validator::problems(&validator, &document),
                Err(problem) => vec![problem],
            };
            let is_valid = problems.is_empty();
            valid += u64::from(is_valid);
            if is_valid && output.is_brief() {
                continue;
            }
            let lines = || {
                let lines = problems
                    .iter()
                    .map(|problem| terminal::line(&format!("document {all}: {problem}")));
                lines.collect::<Vec<_>>().join("\n")
            };
            let json = || json!({"document": all, "valid": is_valid, "problems": problems});
            output.find(self.finding(all, &message.tag(), &problems), lines, json)?;
        }
        if all == 0 {
            bail!("there is no document in {}", self.file.display());
        }
        let text = format!("{all} documents: {valid} valid, {} not", all - valid);
        output.conclude("documents", text, || json!({"documents": all, "valid": valid}))?;
        Ok(if valid == all { Exit::Done } else { Exit::Differs })
    }

    /// A document as a finding.
    fn finding(&self, number: u64, message: &str, problems: &[Problem]) -> Finding {
        let level = if problems.is_empty() { Level::Pass } else { Level::Failure };
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let finding = Finding::new(level, message, "document", texts.join("\n"))
            .place(format!("document {number}"));
        if self.file.as_os_str() == "-" {
            return finding;
        }
        finding.file(self.file.to_string_lossy())
    }

    fn open(&self) -> anyhow::Result<Box<dyn Read>> {
        if self.file.as_os_str() == "-" {
            return Ok(Box::new(BufReader::new(io::stdin())));
        }
        let shown = self.file.display();
        let file = File::open(&self.file).with_context(|| format!("can't read {shown}"))?;
        Ok(Box::new(BufReader::new(file)))
    }
}
