//! `tidings asyncapi`.

mod example;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use tidings_contract::Catalog;

use crate::exit::Exit;
use crate::output::{Format, Output};

/// Writes the contracts of a schemas folder as an `AsyncAPI` 3.1 document.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    tidings asyncapi --title Shop --api-version 1.4.0 --out asyncapi.json")]
pub(crate) struct AsyncApi {
    /// The folder with the contracts.
    #[arg(long, default_value = "schemas", value_name = "FOLDER")]
    schemas: PathBuf,
    /// Name of what the contracts belong to; else the names of their services.
    #[arg(long)]
    title: Option<String>,
    /// Its version; else that of the services, where all have the same.
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// The file to write; else the document goes to the standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl AsyncApi {
    pub(crate) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let catalog = Catalog::read_from(&self.schemas)?;
        example::check(&catalog, &self.schemas)?;
        let title = self.title.as_deref().map_or_else(|| catalog.title(), Into::into);
        let version = self.api_version.as_deref().unwrap_or_else(|| catalog.api_version());
        let document = catalog.to_asyncapi(&title, version);
        let Some(file) = self.out else {
            match output.format() {
                Format::Json => {
                    let document: Value = serde_json::from_str(&document)?;
                    output.write(String::new, || document)?;
                }
                _ => output.write_document(&document)?,
            }
            return Ok(Exit::Done);
        };
        let shown = file.display().to_string();
        std::fs::write(&file, document).with_context(|| format!("can't write {shown}"))?;
        if output.format() == Format::Json {
            let messages = catalog.len();
            output.write(String::new, || json!({"file": shown, "messages": messages}))?;
        }
        Ok(Exit::Done)
    }
}
