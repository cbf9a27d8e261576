//! A catalog as a folder of files that are committed and reviewed.
//!
//! `<name>.v<version>.json` for each message, `<NAME>.stream.json` for each stream (what
//! `nats stream add --config` takes), `catalog.json`: all of them at a glance, for other programs, with the
//! services, which stand nowhere else, `asyncapi.json`: the messages for programs of other languages, and
//! `catalog.lock.json`: one line's worth of each, so that a glance
//! at its history shows which contract changed when, and the breaks that are accepted. The lock is a file
//! of its own, since it alone says something that no type does. The folder is the catalog's own: any other
//! file that is called like a message's or a stream's is an orphan.

mod accept;
mod check;
mod file;
mod index;
mod lock;
mod parse;
mod read;
mod reference;
mod replace;
mod write;

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

pub use accept::{AcceptError, accept, acceptances};
pub use check::{CheckError, Drift, DriftKind, FileDrift};
pub use read::{ReadError, StreamFile, stream_files};
pub use reference::ReferenceError;
pub use write::WriteError;

use crate::{Acceptance, Catalog, Descriptor, canonical};

/// The environment variable that has [`Catalog::assert_current`] write when it is `1`.
pub const UPDATE_SCHEMAS: &str = "UPDATE_SCHEMAS";

const ASYNCAPI: &str = "asyncapi.json";
const INDEX: &str = "catalog.json";
const LOCK: &str = "catalog.lock.json";

/// Reason that the folder of a catalog is not current.
///
/// Its `Debug` is its `Display`, because that is what a failing test shows.
#[derive(thiserror::Error)]
#[error(transparent)]
#[non_exhaustive]
pub enum CurrentError {
    /// Error of checking.
    Check(#[from] CheckError),
    /// Error of writing.
    Write(#[from] WriteError),
}

impl std::fmt::Debug for CurrentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Catalog {
    /// Checks that the folder says what the catalog does, or with `UPDATE_SCHEMAS=1` in the
    /// environment makes it say so.
    ///
    /// A test of one line keeps a folder current; a relative folder is relative to the package that
    /// is tested. Breaks that the folder's lock file accepts stay accepted.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let catalog = tidings_contract::Catalog::new();
    /// catalog.assert_current("schemas")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CurrentError`], which tells each file that differs, how, and what to do.
    pub fn assert_current(&self, folder: impl AsRef<Path>) -> Result<(), CurrentError> {
        if std::env::var_os(UPDATE_SCHEMAS).is_some_and(|value| value == "1") {
            Ok(self.write_to(folder)?)
        } else {
            Ok(self.check(folder)?)
        }
    }

    /// The files of its folder: what each is called, and what it holds. What the folder accepts no type
    /// says.
    fn files(&self, accepted: &[Acceptance]) -> BTreeMap<String, String> {
        let messages = self.iter().map(|message| (file_name(message), message.to_json()));
        let streams =
            self.streams().map(|(name, config)| (stream_file_name(name), canonical::text(config)));
        let index = (INDEX.to_owned(), index::text(self));
        let asyncapi = self.to_asyncapi(&self.title(), self.api_version());
        let asyncapi = (ASYNCAPI.to_owned(), asyncapi);
        let lock = (LOCK.to_owned(), lock::text(self, accepted));
        messages.chain(streams).chain([asyncapi, index, lock]).collect()
    }
}

const STREAM: &str = ".stream.json";

fn stream_file_name(name: &str) -> String {
    format!("{name}{STREAM}")
}

/// The stream's name, if a file is called as a stream's is.
fn stream_name(file: &str) -> Option<&str> {
    file.strip_suffix(STREAM).filter(|name| !name.is_empty())
}

fn file_name(message: &Descriptor) -> String {
    format!("{}.json", message.tag())
}

/// Returns `true` if a file is called as a message's is.
fn is_message_file(name: &str) -> bool {
    let message = name.strip_suffix(".json").and_then(|name| name.rsplit_once(".v"));
    message.is_some_and(|(name, version)| {
        !name.is_empty() && !version.is_empty() && version.bytes().all(|c| c.is_ascii_digit())
    })
}

/// The messages' and streams' files in a folder that are none of the catalog's; none if there is
/// no folder.
fn orphans(folder: &Path, files: &BTreeMap<String, String>) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut orphans = Vec::new();
    for entry in entries {
        // A name that is not UTF-8 is none of these.
        if let Ok(name) = entry?.file_name().into_string()
            && (is_message_file(&name) || stream_name(&name).is_some())
            && !files.contains_key(&name)
        {
            orphans.push(name);
        }
    }
    orphans.sort();
    Ok(orphans)
}

/// Content of a file, with `\n` at the end of each line; `None` if there is no such file.
///
/// A file that is to hold `expected` may be as large as that, whatever holds for what others wrote.
fn content(path: &Path, expected: &str) -> io::Result<Option<String>> {
    // Each line may end with one byte more.
    let most = file::MAX_SIZE.max(2 * expected.len() as u64);
    match file::read(path, most) {
        // A checkout on Windows may have changed the line ends.
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
