//! The program `asyncapi`: writes a document of messages that are easily misread, and compares the schemas
//! that a parser has made of it with theirs, by instances. `tests/asyncapi/check` runs it.

mod fault;
mod instance;
mod message;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use fault::Fault;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", fault, file] => write(fault, file).map(|()| String::new()),
        ["compare", file] => compare(file),
        ["faults"] => Ok(Fault::ALL.map(Fault::name).join("\n")),
        _ => Err(anyhow::anyhow!("asyncapi write FAULT FILE | compare FILE | faults")),
    };
    match done {
        Ok(text) if text.is_empty() => ExitCode::SUCCESS,
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the document, with a fault unless it is `none`.
fn write(fault: &str, file: &str) -> anyhow::Result<()> {
    let text = message::catalog()?.to_asyncapi("Shop", "1.0.0");
    let mut document: Value = serde_json::from_str(&text)?;
    if fault != "none" {
        let is_it = |one: &&Fault| one.name() == fault;
        Fault::ALL.iter().find(is_it).context("there is no such fault")?.put_into(&mut document)?;
    }
    fs::write(file, serde_json::to_string_pretty(&document)?)?;
    Ok(())
}

/// Compares what a parser has kept with the messages' own schemas.
fn compare(file: &str) -> anyhow::Result<String> {
    let parsed: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    let (mut accepted, mut refused, mut examples) = (0_u32, 0_u32, 0);
    if parsed["operations"] != message::operations() {
        bail!("the services do something else in it: {}", parsed["operations"]);
    }
    for sample in message::samples()? {
        let kept = parsed["messages"].get(&sample.name).context(sample.name.clone())?;
        let kept = json!({ "allOf": [kept], "definitions": parsed["definitions"] });
        let options = || jsonschema::options().should_validate_formats(false).offline();
        let theirs = options().with_draft(jsonschema::Draft::Draft7).build(&kept);
        let theirs = theirs.with_context(|| format!("the parsed schema of {}", sample.name))?;
        let ours = options().build(&sample.schema)?;
        for example in parsed["examples"][&sample.name].as_array().into_iter().flatten() {
            if let Err(error) = theirs.validate(example) {
                bail!("{}: the example {example} is refused: {error}", sample.name);
            }
            examples += 1;
        }
        for instance in instance::around(&sample.instances) {
            let (ours, theirs) = (ours.is_valid(&instance), theirs.is_valid(&instance));
            if ours != theirs {
                bail!("{}: ours {ours}, parsed {theirs} for {instance}", sample.name);
            }
            *(if ours { &mut accepted } else { &mut refused }) += 1;
        }
    }
    if accepted < 50 || refused < 500 || examples == 0 {
        bail!(
            "{accepted} instances were accepted and {refused} refused, {examples} examples: too few to tell"
        );
    }
    Ok(format!("the same word on all: {accepted} instances accepted, {refused} refused"))
}
