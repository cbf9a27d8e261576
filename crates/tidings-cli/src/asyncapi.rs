//! `tidings asyncapi`.

mod example;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tidings_contract::{AsyncApiRelease, Catalog};

use crate::exit::Exit;
use crate::output::{Format, Output};

/// Writes the contracts of a schemas folder as an `AsyncAPI` 3 document.
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
    /// Version of what the contracts belong to; else that of the services, where all have the same.
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// The release of `AsyncAPI`: 3.0 for tools that make nothing of 3.1, such as Modelina.
    #[arg(long, value_enum, default_value_t, value_name = "RELEASE")]
    release: Release,
    /// The file to write; else the document goes to the standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A release of `AsyncAPI`, as an argument.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Release {
    #[value(name = "3.0")]
    V3_0,
    #[default]
    #[value(name = "3.1")]
    V3_1,
}

impl From<Release> for AsyncApiRelease {
    fn from(release: Release) -> Self {
        match release {
            Release::V3_0 => Self::V3_0,
            Release::V3_1 => Self::V3_1,
        }
    }
}

impl AsyncApi {
    pub(crate) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let catalog = Catalog::read_from(&self.schemas)?;
        example::check(&catalog, &self.schemas)?;
        let title = self.title.as_deref().map_or_else(|| catalog.title(), Into::into);
        let version = self.api_version.as_deref().unwrap_or_else(|| catalog.api_version());
        let document = catalog.to_asyncapi_release(self.release.into(), &title, version);
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
