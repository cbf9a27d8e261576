//! `tidings catalog`: a schemas folder as a page for people.

mod change;
mod example;
mod field;
mod flow;
mod instance;
mod kind;
mod message;
mod page;
mod schema;
mod service;
mod stream;
mod text;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tidings_contract::Catalog;

use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;
use crate::whole_file::WholeFile;
use service::Services;

/// Writes the contracts of a schemas folder as one HTML page, to be read in a browser and linked to.
///
/// The page holds everything that it needs and asks no network: each message with its subject, fields, an
/// example, its versions and what changed between them, the streams, and a picture of what flows where. It
/// is searched with `/`, the arrows and Enter. The same folder gives the same bytes. The file is replaced as
/// a whole, or left as it was.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings catalog --html target/catalog.html --title Shop")]
pub(crate) struct CatalogPage {
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// The folder with the contracts.
    #[arg(long, default_value = "schemas", value_name = "FOLDER")]
    schemas: PathBuf,
    /// Name of what the contracts belong to; else the names of their services.
    #[arg(long)]
    title: Option<String>,
}

impl CatalogPage {
    pub(crate) fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        let catalog = Catalog::read_from(&self.schemas)?;
        let services = Services::of(&catalog);
        let title = self.title.as_deref().map_or_else(|| catalog.title(), Into::into);
        let page = page::html(&title, &catalog, &services);
        replace(&self.html, page.as_bytes())
            .with_context(|| format!("can't write `{}`", self.html.display()))?;
        let (messages, streams) = (catalog.len(), catalog.streams().len());
        let file = self.html.display().to_string();
        let told = [(messages, "message"), (streams, "stream"), (services.len(), "service")]
            .map(|(count, noun)| text::counted(count, noun));
        output.write(
            || format!("{}: {}", terminal::line(&file), told.join(", ")),
            || json!({ "file": file, "messages": messages, "streams": streams, "services": services.len() }),
        )?;
        Ok(Exit::Done)
    }
}

/// Puts a file in place of the one that is there, all of it at once.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = WholeFile::begin(path)?;
    fresh.file().write_all(content)?;
    fresh.finish()
}
