//! `tidings object put`.

use std::path::PathBuf;

use clap::Args;
use tidings::ObjectMeta;

use super::error::of_put;
use super::source::Source;
use super::view;
use crate::connect::Connection;
use crate::exit::{Exit, Usage};
use crate::output::Output;
use crate::pair::pair;
use crate::progress::Bytes;

/// Stores an object from a file or from the standard input, whatever was there of its name.
///
/// It is there, whole, once the command ends with 0; until then the one before is. Where the file can't be read to
/// its end, or the command is interrupted, nothing is left of it. `--revision` stores it only in place of the
/// object with that revision, and 0 is one that never was there.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tidings object put invoices 2026/7.pdf 7.pdf --header content-type=application/pdf\n  \
    pg_dump shop | tidings object put backups shop.sql - --description 'each night'"
)]
pub(crate) struct Put {
    /// The store.
    store: String,
    /// The object's name, such as `2026/7.pdf`.
    name: String,
    /// The file; `-` is the standard input.
    file: PathBuf,
    /// A sentence about it.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A text by its name: `customer=acme`.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
    /// A header, for who reads it: `content-type=application/pdf`.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = pair)]
    headers: Vec<(String, String)>,
    /// Stores it only in place of the object with this revision; 0 where there never was one.
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u64>,
    /// The size of its chunks in bytes; else 128 KiB, or as much as the server takes.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    chunk_size: Option<u32>,
}

impl Put {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let meta = self.meta()?;
        let source = Source::open(&self.file).await?;
        let (_bus, objects) = super::open(connection, &self.store).await?;
        let bar = Bytes::new("stored", source.len());
        let mut put = objects.put_from(meta, source).progress(bar.shown());
        if let Some(revision) = self.revision {
            put = put.at(revision);
        }
        let info = put.await.map_err(of_put)?;
        drop(bar);
        output.write(|| view::line(&info), || view::json(&info))?;
        Ok(Exit::Done)
    }

    fn meta(&self) -> anyhow::Result<ObjectMeta> {
        let mut meta = ObjectMeta::new(&self.name);
        meta.description.clone_from(&self.description);
        meta.metadata = self.metadata.iter().cloned().collect();
        meta.chunk_size = self.chunk_size;
        for (name, value) in &self.headers {
            meta = meta
                .with_header(name, value)
                .map_err(|error| Usage(format!("the header {name:?} can't be: {error}")))?;
        }
        Ok(meta)
    }
}
