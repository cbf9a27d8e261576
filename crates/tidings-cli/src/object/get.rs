//! `tidings object get`.

use std::io::{IsTerminal as _, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use tidings::{Object, ObjectInfo};
use tokio::fs::File;
use tokio::io::AsyncWrite;

use super::error::{of_get, of_read};
use super::range::Bytes as Part;
use super::view;
use crate::connect::Connection;
use crate::exit::{Exit, Usage};
use crate::interrupt;
use crate::output::{Format, Output};
use crate::progress::Bytes;
use crate::terminal;
use crate::whole_file::WholeFile;

/// Reads an object into a file, or on the standard output. A link is followed.
///
/// A file is there once all of the object is, by its digest; until then, and where it is interrupted, the one
/// before stays. On the standard output the last bytes are missing where the digest is wrong. Nothing is written
/// on a terminal.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings object get invoices 2026/7.pdf --out 7.pdf\n  \
    tidings object get backups shop.sql | psql shop\n  \
    tidings object get invoices 2026/7.pdf --range ..16 | xxd")]
pub(crate) struct Get {
    /// The store.
    store: String,
    /// The object, such as `2026/7.pdf`.
    name: String,
    /// The file to write; else, and with `-`, its bytes go to the standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Bytes to get, as far as the object has them, whose digest is not checked: `0..1024`, `1024..`, `..1024`.
    #[arg(long, value_name = "BEGIN..END")]
    range: Option<Part>,
}

impl Get {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { store, name, out, range } = self;
        let out = out.filter(|path| path != Path::new("-"));
        if out.is_none() {
            if output.format() == Format::Json {
                let why = "JSON tells of the object that was read into a file: say `--out FILE`";
                return Err(Usage(why.to_owned()).into());
            }
            if stdout().is_terminal() {
                let why = "its bytes are not for a terminal: say `--out FILE`, or give them to another program";
                return Err(Usage(why.to_owned()).into());
            }
        }
        let (_bus, objects) = super::open(connection, &store).await?;
        let mut get = objects.get(&name);
        if let Some(Part(range)) = range {
            get = get.range(range);
        }
        let Some(object) = get.await.map_err(of_get)? else {
            bail!("store `{store}` has no object `{name}`");
        };
        let info = object.info().clone();
        let Some(path) = out else {
            write(object, &info, &mut tokio::io::stdout()).await?;
            return Ok(Exit::Done);
        };
        let written = into_file(object, &info, &path).await?;
        let path = path.display().to_string();
        output.write(
            || {
                let (name, path) = (terminal::line(info.name()), terminal::line(&path));
                format!("{name}: {written} bytes into {path}")
            },
            || {
                let mut json = view::json(&info);
                json["file"] = path.clone().into();
                json["written"] = written.into();
                json
            },
        )?;
        Ok(Exit::Done)
    }
}

async fn into_file(object: Object, info: &ObjectInfo, path: &Path) -> anyhow::Result<u64> {
    let unwritten = || format!("can't write {}", path.display());
    let fresh = WholeFile::begin(path).with_context(unwritten)?;
    let mut file = File::from_std(fresh.file().try_clone().with_context(unwritten)?);
    let written = write(object, info, &mut file).await.with_context(unwritten)?;
    fresh.finish().with_context(unwritten)?;
    Ok(written)
}

/// Writes it, unless somebody ends the program meanwhile.
async fn write(
    object: Object,
    info: &ObjectInfo,
    writer: &mut (impl AsyncWrite + Unpin),
) -> anyhow::Result<u64> {
    let bar = Bytes::new("read", Some(info.size));
    let object = object.progress(bar.shown());
    let interrupted = interrupt::interrupted()?;
    tokio::select! {
        () = interrupted => bail!("it was interrupted"),
        written = object.write_to(writer) => written.map_err(of_read),
    }
}
